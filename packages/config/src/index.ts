export type { StandardIssue, StandardResult, StandardSchema } from '@regionkit/core';
export type {
  Change,
  Config,
  ConfigEvents,
  ConfigRef,
  RefreshOutcome,
  Sources,
  ValueOf,
} from './config.ts';
export type { Format } from './decode.ts';
export { ConfigError, type ConfigErrorCode, type Problem } from './errors.ts';
export { type Failure, failureOfStatus, type InvalidDetail, type Path, SourceError } from './failure.ts';
export { getSecret } from './get-secret.ts';
export { loadConfig } from './load-config.ts';
export type { ConfigOptions, RefreshOptions } from './options.ts';
export type { Pair, RotationOptions } from './rotation/credentials.ts';
export { type PgClientClass, rotatingClient } from './rotation/rotating-client.ts';
export { type RotatingPassword, rotatingPassword } from './rotation/rotating-password.ts';
export { reveal, type Sealed } from './seal.ts';
export type { Loaded, LoadRequest, Scope, Source, Stage } from './source.ts';
export { base64 } from './sources/base64.ts';
export { type EnvOptions, env } from './sources/env.ts';
export { type FileOptions, file } from './sources/file.ts';
export { type ValuesOptions, values } from './sources/values.ts';
export type { ConfigStatus, KeyStatus, RefreshError } from './status.ts';
