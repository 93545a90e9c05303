/**
 * Keeps what a router knows of the epochs while no process runs: in a file, a row in another database, a parameter, or
 * any place that all regions share. The value is a short string of the router. The router loads it before each save, so
 * that no process replaces more with less.
 */
export interface EpochStore {
  /** Returns what was saved last; undefined if nothing was. */
  load(): Promise<string | undefined>;
  /**
   * @param before what was loaded before `value` was made from it. A store that can compare refuses to replace anything else;
   * the router then loads again.
   */
  save(value: string, before: string | undefined): Promise<void>;
}

/**
 * Why an epoch store failed. `in-use`: another process holds the file. `conflict`: another process has saved since the last
 * load. `refused`: the place must not be used for this.
 */
export type EpochStoreFailure =
  | 'in-use'
  | 'conflict'
  | 'timeout'
  | 'denied'
  | 'throttled'
  | 'missing'
  | 'refused'
  | 'unavailable';
