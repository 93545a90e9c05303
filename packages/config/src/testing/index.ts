export { type FakeAws, type FakeAwsOptions, type FakeRegion, fakeAws } from './fake-aws.ts';
export type { FakeSecret, FakeSecretOptions, RotationSteps } from './fake-secret.ts';
export type { FaultKind, FaultScope } from './fault.ts';
export type { FakeParameter, ParameterType } from './parameter-store.ts';
export type { SecretContent } from './secret-store.ts';
export type { Call } from './wire-server.ts';
