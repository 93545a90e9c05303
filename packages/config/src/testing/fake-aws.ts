import { type Clock, check, systemClock } from '@regionkit/core/kit';
import { partitionOf } from '../aws/partitions.ts';
import { createFakeSecret, type FakeSecret, type FakeSecretOptions, type OwnedSecret } from './fake-secret.ts';
import { FAULT_KINDS, type FaultKind, type FaultScope } from './fault.ts';
import { createParameterStore, type FakeParameter } from './parameter-store.ts';
import type { RegionalSecret } from './secrets-manager.ts';
import { secretsManager } from './secrets-manager.ts';
import { type Call, startWireServer } from './wire-server.ts';

export interface FakeAwsOptions {
  readonly regions: readonly string[];
  /** @default '123456789012' */
  readonly account?: string;
  /** The partition in ARNs: `aws-cn`, `aws-us-gov`, `aws-eusc`, … @default the partition of the first region */
  readonly partition?: string;
  /** Gives versions their dates and delays replication. @default the system clock */
  readonly clock?: Clock;
}

/** Secrets Manager and Parameter Store of one region. */
export interface FakeRegion {
  readonly name: string;
  /** `http://127.0.0.1:…`, in the form of `AWS_ENDPOINT_URL`. */
  readonly endpoint: string;
  /** Every received request in order, answered or not. */
  readonly calls: readonly Call[];
  clearCalls(): void;
  /** Adds a fault, until the returned function or `heal` is called. */
  fault(kind: FaultKind, scope?: FaultScope): () => void;
  /** Moves the region's clock by `ms`. It then refuses signatures that are more than five minutes older or newer. */
  skewClock(ms: number): void;
  /** Removes all faults and resets the clock. */
  heal(): void;
  /** Sets a parameter. A string becomes a parameter of type String. */
  setParameter(name: string, parameter: string | FakeParameter): void;
  removeParameter(name: string): void;
}

/** Secrets Manager and Parameter Store of several regions, in this process, over HTTP. */
export interface FakeAws extends AsyncDisposable {
  /** Pass it to `awsClients`, or its parts to your own SDK client. */
  readonly connection: {
    endpoint(region: string): string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** @throws {RangeError} There is no such region. */
  region(name: string): FakeRegion;
  /** Creates a secret, with replicas. */
  secret(name: string, options: FakeSecretOptions): FakeSecret;
  /** Closes all servers and connections. */
  close(): Promise<void>;
}

/**
 * Starts an endpoint for each region on a loopback port. The real SDK talks to it over the real wire protocol (AWS JSON
 * 1.1): GetSecretValue, BatchGetSecretValue, DescribeSecret, PutSecretValue, UpdateSecretVersionStage; GetParameter,
 * GetParameters, GetParametersByPath, PutParameter. It checks region and date of signatures, but not the key. It does
 * not keep the process alive.
 *
 * @example
 * ```ts
 * await using aws = await fakeAws({ regions: ['us-east-1', 'eu-west-1'] });
 * const db = aws.secret('prod/app/db', { value: { username: 'app', password: 'first' } });
 * aws.region('us-east-1').fault('hang');
 * ```
 */
export async function fakeAws(options: FakeAwsOptions): Promise<FakeAws> {
  const { account = '123456789012', clock = systemClock } = options;
  check.object('fakeAws: options', options, ['regions', 'account', 'partition', 'clock']);
  if (!Array.isArray(options.regions) || options.regions.length === 0) {
    throw new TypeError('fakeAws: regions must be an array of at least one region name');
  }
  const partition = check.string('fakeAws: partition', options.partition ?? partitionOf(String(options.regions[0])));
  const secrets = new Map<string, OwnedSecret>();
  const regions = new Map<string, { readonly shown: FakeRegion; close(): Promise<void> }>();

  const start = async (name: string): Promise<void> => {
    const parameters = createParameterStore({ region: name, account, partition, nowMs: clock.wallMs });
    const mine = (): RegionalSecret[] => [...secrets.values()].flatMap((secret) => secret.in(name) ?? []);
    const server = await startWireServer({
      region: name,
      services: {
        secretsmanager: secretsManager({ secrets: mine, nowMs: clock.wallMs }),
        AmazonSSM: parameters.operations,
      },
    });
    const { url, faults, calls } = server;
    const shown: FakeRegion = {
      name,
      endpoint: url,
      calls,
      clearCalls: () => {
        calls.length = 0;
      },
      fault: (kind, scope) => faults.add(check.oneOf('fault: kind', kind, FAULT_KINDS), scope),
      skewClock: (ms) => {
        server.skewMs = ms;
      },
      heal: () => {
        faults.clear();
        server.skewMs = 0;
      },
      setParameter: parameters.set,
      removeParameter: parameters.remove,
    };
    regions.set(name, { shown, close: server.close });
  };
  for (const name of options.regions) await start(name);

  const region = (name: string): FakeRegion => {
    const known = regions.get(name);
    if (known === undefined) throw new RangeError(`fakeAws has no region ${name}; it has ${[...regions.keys()]}`);
    return known.shown;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...regions.values()].map((one) => one.close()));
  };
  return {
    connection: {
      endpoint: (name) => region(name).endpoint,
      credentials: { accessKeyId: 'AKIAFAKE', secretAccessKey: 'fake' },
    },
    region,
    secret: (name, given) => {
      const suffix = `F${String(secrets.size).padStart(5, '0')}`;
      const context = { name, regions: options.regions, account, partition, suffix, clock };
      const owned = createFakeSecret(context, given);
      secrets.set(name, owned);
      return owned.secret;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
