/**
 * Keeps what a router knows of the epochs while no process runs: in a file, a row in another database, a parameter, or
 * any place that all regions share. The value is a short string of the router. The router loads it before each save, so
 * that no process replaces more with less. A store may refuse a save that another one has overtaken.
 */
export interface EpochStore {
  /** Returns what was saved last; undefined if nothing was. */
  load(): Promise<string | undefined>;
  save(value: string): Promise<void>;
}
