export { type GcpSecretOptions, gcpSecret } from './gcp-secret.ts';
export type { Token } from './get-json.ts';
export { type KubernetesSecretOptions, kubernetesSecret } from './kubernetes-secret.ts';
export { type VaultSecretOptions, vaultSecret } from './vault-secret.ts';
