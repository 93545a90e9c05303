import type { FailoverConfig } from './failover-config.ts';
import type { GamedayConfig } from './gameday-config.ts';
import type { Secret } from './secret.ts';

/** One region as an operator sees it. */
export interface RegionConfig {
  /** Where only this region answers: `https://app-eu-west-1.example.com`. Without it the app of the region is not asked. */
  readonly origin?: string;
  /**
   * A connection string for each server of the region, in the order of the router's `pools`. The role needs
   * `pg_monitor`, and for `failover` what the adapter says.
   */
  readonly databases?: readonly Secret[];
  /**
   * For the adapter `rds`: the ARN of the DB instance of each of `databases`, in the same order:
   * `arn:aws:rds:eu-west-1:123456789012:db:app-eu`.
   */
  readonly rds?: readonly string[];
  /** The address of a Patroni REST API in this region: `http://10.0.0.5:8008`. */
  readonly patroni?: string;
  /**
   * A connection string with which the app of this region logs in to its own database. `fence` and `failover` prove with
   * it that the app is refused.
   */
  readonly app?: Secret;
  /**
   * The processes, instances or tasks of the app: how many run (`current`), how many its own clients needed at most in the
   * last 24 hours (`peak`), and the limit of the group (`max`). For the hooks `scale`.
   */
  readonly capacity?: { readonly current: number; readonly peak: number; readonly max: number };
}

/** When `doctor` calls something a fault. */
export interface Limits {
  /** WAL that a standby has not received, or has not replayed. @default 67_108_864 (64 MiB) */
  readonly behindBytes: number;
  /** WAL that a replication slot holds. @default 1_073_741_824 (1 GiB) */
  readonly slotBytes: number;
  /** Age of a transaction that waits for its client, or of a prepared one, in seconds. @default 300 */
  readonly idleTransactionSeconds: number;
  /** Difference of a clock from the clock of this machine, in milliseconds. @default 2_000 */
  readonly clockMs: number;
  /** A certificate that ends in so many days or fewer. @default 21 */
  readonly certificateDays: number;
  /** How long DNS may send clients to a lost region, in seconds. @default 300 */
  readonly failoverSeconds: number;
}

/** What the commands of `regionkit` need to know of a setup: `regionkit.config.js`. */
export interface OperationsConfig {
  /** By name, as in `defineRegions`. */
  readonly regions: Readonly<Record<string, RegionConfig>>;
  /** The global host names of the latency DNS. @default [] */
  readonly hosts?: readonly string[];
  /** The token of the operator door of the app. Without it the processes of the app are not asked. */
  readonly operatorToken?: Secret;
  /** The token of `createHealth`: with it the warnings of each region are read, and `failover` asks what each app sees. Sent over a verified connection alone. */
  readonly healthToken?: Secret;
  /** How `failover` and `fence` work here. */
  readonly failover?: FailoverConfig;
  /** How `gameday run --inject hooks` causes a fault. */
  readonly gameday?: GamedayConfig;
  /** What the app's processes ask of the databases: for the sum of connections. */
  readonly app?: {
    /** Processes in each region, at the most. */
    readonly processes: number;
    /** `max` of each pool. */
    readonly poolMax: number;
  };
  /** How the DNS and the health checks in front are set. For the failover time, and to probe as they do. */
  readonly front?: {
    /** @default '/health' */
    readonly path?: string;
    /** Of the record, in seconds. An alias record has 60. @default 60 */
    readonly ttlSeconds?: number;
    /** Time between two health checks, in seconds. @default 30 */
    readonly intervalSeconds?: number;
    /** So many failed checks make a region unhealthy. @default 3 */
    readonly failures?: number;
    /** DNS servers to ask, as `192.0.2.53` or `192.0.2.53:5353`. @default those of this machine */
    readonly dnsServers?: readonly string[];
  };
  /** When `doctor` calls something a fault. */
  readonly limits?: Partial<Limits>;
  /** The certificates to trust instead of the usual ones, as a path to a PEM file. */
  readonly caFile?: string;
}

/**
 * Returns its argument. For completion and types in `regionkit.config.js`.
 *
 * @example
 * ```ts
 * export default defineOperations({
 *   regions: {
 *     'us-east-1': { origin: 'https://app-us.example.com', databases: [{ env: 'US_DATABASE_URL' }] },
 *     'eu-west-1': { origin: 'https://app-eu.example.com', databases: [{ env: 'EU_DATABASE_URL' }] },
 *   },
 * });
 * ```
 */
export function defineOperations(config: OperationsConfig): OperationsConfig {
  return config;
}
