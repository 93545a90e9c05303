/** A value that may be a secret. In a JSON file write `{ "env": "NAME" }`: the value of that environment variable. */
export type Secret = string | { readonly env: string };

/** One region as an operator sees it. */
export interface RegionConfig {
  /** Where only this region answers: `https://app-eu-west-1.example.com`. Without it the app of the region is not asked. */
  readonly origin?: string;
  /**
   * A connection string for each server of the region, in the order of the router's `pools`. The role needs
   * `pg_monitor`, and for `failover` what the adapter says.
   */
  readonly databases?: readonly Secret[];
}

/** What the commands of `regionkit` need to know of a setup: `regionkit.config.js`. */
export interface OperationsConfig {
  /** By name, as in `defineRegions`. */
  readonly regions: Readonly<Record<string, RegionConfig>>;
  /** The global host names of the latency DNS. @default [] */
  readonly hosts?: readonly string[];
  /** The token of the operator door of the app. Without it the processes of the app are not asked. */
  readonly operatorToken?: Secret;
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
  };
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
