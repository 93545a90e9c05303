export { type AwsClients, type AwsClientsOptions, awsClients } from './clients.ts';
export { type ParametersOptions, type ParameterTree, type ParameterValue, parameters } from './parameters.ts';
export { type SecretOptions, secret } from './secret.ts';
