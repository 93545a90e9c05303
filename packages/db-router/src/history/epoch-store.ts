/**
 * Keeps what a router knows of the epochs while no process runs. A file, a row in another database, a parameter: any
 * place that all regions share. What it holds is a short string of the router's own. It is loaded before each save, so that
 * no process puts less in the place of more; a store that can refuse a save that was overtaken may do so.
 */
export interface EpochStore {
  /** What was saved last; undefined if nothing was. */
  load(): Promise<string | undefined>;
  save(value: string): Promise<void>;
}
