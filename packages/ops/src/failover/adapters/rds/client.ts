import type { DBInstance, RDSClient } from '@aws-sdk/client-rds';
import { OpsError } from '../../../errors.ts';
import type { InstanceArn } from './arn.ts';
import type { RdsInstance } from './instance.ts';

/** `name` is the code of the SDK, `says` our own sentence for it. */
export type RdsAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly name: string; readonly says: string };

/** The two calls of RDS that a promotion needs, in the region of the instance. They never reject. */
export interface RdsApi {
  describe(arn: InstanceArn, signal: AbortSignal): Promise<RdsAnswer<RdsInstance>>;
  promote(arn: InstanceArn, signal: AbortSignal): Promise<RdsAnswer<undefined>>;
}

/** Two attempts fit into the time in which a person waits for an answer. */
const SETTINGS = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
} as const;

/** Loads the SDK, which takes credentials and endpoints as everywhere (environment, profile, role). */
export async function openRds(): Promise<RdsApi> {
  let sdk: typeof import('@aws-sdk/client-rds');
  try {
    sdk = await import('@aws-sdk/client-rds');
  } catch (cause) {
    throw new OpsError(
      'ERR_OPS_CONFIG',
      "failover.adapter 'rds' needs the AWS SDK, which is not installed: npm install @aws-sdk/client-rds",
      { cause },
    );
  }
  const clients = new Map<string, RDSClient>();
  const clientOf = (region: string): RDSClient => {
    const client = clients.get(region) ?? new sdk.RDSClient({ region, ...SETTINGS });
    clients.set(region, client);
    return client;
  };
  const attempt = async <T>(work: () => Promise<T>, action: string): Promise<RdsAnswer<T>> => {
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      return { ok: false, ...explain(error, action) };
    }
  };
  return {
    describe: ({ region, instance }, abortSignal) =>
      attempt(async () => {
        const command = new sdk.DescribeDBInstancesCommand({ DBInstanceIdentifier: instance });
        const { DBInstances = [] } = await clientOf(region).send(command, { abortSignal });
        const found = DBInstances.find((one) => one.DBInstanceIdentifier === instance);
        if (found === undefined) throw Object.assign(new Error('not listed'), { name: 'DBInstanceNotFoundFault' });
        return instanceOf(found);
      }, 'rds:DescribeDBInstances'),
    promote: ({ region, instance }, abortSignal) =>
      attempt(async () => {
        const command = new sdk.PromoteReadReplicaCommand({ DBInstanceIdentifier: instance });
        await clientOf(region).send(command, { abortSignal });
        return undefined;
      }, 'rds:PromoteReadReplica'),
  };
}

function instanceOf(given: DBInstance): RdsInstance {
  const source = given.ReadReplicaSourceDBInstanceIdentifier ?? given.ReadReplicaSourceDBClusterIdentifier ?? '';
  return {
    status: given.DBInstanceStatus ?? 'unknown',
    engine: given.Engine ?? 'unknown',
    isReplica: source !== '',
    address: given.Endpoint?.Address,
    port: given.Endpoint?.Port,
  };
}

/** By the `name` of an error of the SDK. Its message may hold an account, a role or an endpoint. */
const SENTENCES: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'no credentials of AWS were found',
  ExpiredToken: 'the credentials of AWS have expired',
  ExpiredTokenException: 'the credentials of AWS have expired',
  InvalidClientTokenId: 'AWS does not know the access key',
  SignatureDoesNotMatch: 'AWS does not accept the signature: the secret key or the clock is wrong',
  DBInstanceNotFoundFault: 'there is no such DB instance in this region and account',
  InvalidDBInstanceStateFault: 'the DB instance is in a state in which RDS does not promote it',
  Throttling: 'AWS gets too many requests',
  ThrottlingException: 'AWS gets too many requests',
  TimeoutError: 'RDS did not answer in time',
  AbortError: 'interrupted',
};

function explain(error: unknown, action: string): { readonly name: string; readonly says: string } {
  const { name: given, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  // An error of the network has its code, and `Error` as its name.
  const chosen = given === 'Error' && typeof code === 'string' ? code : given;
  const name = typeof chosen === 'string' && /^[A-Za-z_]{1,60}$/.test(chosen) ? chosen : 'unknown';
  if (/^AccessDenied(Exception)?$|^UnauthorizedOperation$/.test(name)) {
    return { name, says: `the credentials of AWS do not allow ${action}` };
  }
  return { name, says: SENTENCES[name] ?? `RDS could not be asked (${name})` };
}
