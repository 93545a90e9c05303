import { SecretsManagerClient, type SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { check } from '@regionkit/core/kit';

export interface AwsClientsOptions {
  /**
   * Where a region's services answer, for test doubles and VPC endpoints: https, or http to loopback. Shown in
   * `status()`, as is one that the SDK takes from its environment (`AWS_ENDPOINT_URL`).
   * @default AWS's own
   */
  readonly endpoint?: (region: string) => string | undefined;
  /** @default the SDK's chain of credential providers */
  readonly credentials?: NonNullable<SecretsManagerClientConfig['credentials']>;
  /** How often the SDK tries one request; within `refresh.timeoutMs`, whatever it is. @default 3 */
  readonly maxAttempts?: number;
  /** Makes the client of a region, instead of all the above. @default a client of our own */
  readonly secretsManager?: (region: string) => SecretsManagerClient;
  /** Makes the client of a region, instead of all the above. @default a client of our own */
  readonly ssm?: (region: string) => SSMClient;
}

/** One client a region and service, made when it is first asked for. */
export interface AwsClients {
  secretsManager(region: string): SecretsManagerClient;
  ssm(region: string): SSMClient;
  /** Destroys the clients made here, not those that came from your own factory. */
  close(): void;
}

/** The SDK gives up an attempt after this long, so that another still fits into the deadline. */
const ATTEMPT = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

/**
 * Clients to share between the sources of a config, or of several. Without it each config makes its own.
 *
 * ```ts
 * const clients = awsClients({ endpoint: (region) => `https://vpce-1.secretsmanager.${region}.vpce.amazonaws.com` });
 * const db = secret('prod/app/db', { clients });
 * ```
 */
export function awsClients(options: AwsClientsOptions = {}): AwsClients {
  check.object('awsClients: options', options, ['endpoint', 'credentials', 'maxAttempts', 'secretsManager', 'ssm']);
  const { endpoint, credentials, maxAttempts = 3 } = options;
  check.integer('awsClients: maxAttempts', maxAttempts, { min: 1, max: 10 });
  const own: { destroy(): void }[] = [];
  const keep = <C extends { destroy(): void }>(client: C): C => {
    own.push(client);
    return client;
  };
  const settings = (region: string) => {
    const url = endpoint?.(region);
    return {
      region,
      maxAttempts,
      requestHandler: ATTEMPT,
      ...(url !== undefined && { endpoint: url }),
      ...(credentials !== undefined && { credentials }),
    };
  };
  return {
    secretsManager: memo(
      options.secretsManager ?? ((region: string) => keep(new SecretsManagerClient(settings(region)))),
    ),
    ssm: memo(options.ssm ?? ((region: string) => keep(new SSMClient(settings(region))))),
    close: () => {
      for (const client of own.splice(0)) client.destroy();
    },
  };
}

function memo<T>(make: (region: string) => T): (region: string) => T {
  const made = new Map<string, T>();
  return (region) => {
    const client = made.get(region) ?? make(region);
    made.set(region, client);
    return client;
  };
}
