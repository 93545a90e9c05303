/** What a process of the app says of itself through its operator door. */
export interface ProcessFacts {
  readonly region: string;
  /** Unique in the fleet. */
  readonly id: string;
  /** The highest `max` among its pools: so many connections it may open to one server. */
  readonly poolMax: number;
}
