import { SecretsManagerClient, type SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { check } from '@regionkit/core/kit';

export interface AwsClientsOptions {
  /**
   * Returns the endpoint of a region's services, for test doubles and VPC endpoints: https, or http to loopback. It is
   * shown in `status()`, as is an endpoint that the SDK takes from its environment (`AWS_ENDPOINT_URL`). @default AWS's
   * own
   */
  readonly endpoint?: (region: string) => string | undefined;
  /** @default the SDK's chain of credential providers */
  readonly credentials?: NonNullable<SecretsManagerClientConfig['credentials']>;
  /** How often the SDK tries one request. All attempts together stay within `refresh.timeoutMs`. @default 3 */
  readonly maxAttempts?: number;
  /** Makes the Secrets Manager client of a region, without the options above. @default a client made here */
  readonly secretsManager?: (region: string) => SecretsManagerClient;
  /** Makes the Systems Manager client of a region, without `endpoint`, `credentials` and `maxAttempts`. @default a client made here */
  readonly ssm?: (region: string) => SSMClient;
}

/** One client for each region and service, created at the first use. */
export interface AwsClients {
  secretsManager(region: string): SecretsManagerClient;
  ssm(region: string): SSMClient;
  /** Destroys the clients made here, but not those from your own factories. */
  close(): void;
}

/** An attempt ends after this time, so that another one fits into the deadline. */
const ATTEMPT = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

/**
 * Makes clients that several sources, or several configs, can share. Without them each config makes its own.
 *
 * @example
 * ```ts
 * const clients = awsClients({ endpoint: (region) => `https://vpce-1.secretsmanager.${region}.vpce.amazonaws.com` });
 * const db = secret('prod/app/db', { clients });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
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
