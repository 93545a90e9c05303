/**
 * Which history of a database a statement or a position belongs to. Two positions compare by number only when their
 * epochs are equal: a promoted standby and the primary it replaced reach the same LSNs with different rows.
 */
export interface Epoch {
  /** `pg_control_system().system_identifier`, in decimal. */
  readonly system: string;
  /** The timeline on which the primary writes. */
  readonly timeline: number;
  /** Region and node that write it, as `region/node`: two standbys promoted by mistake share all the rest. */
  readonly owner: string;
  /**
   * Which running server that is: a hash of what only one server has (its start time and port), 16 to 64 characters of
   * base64url. Two owners of one timeline with one server are one server under two names. No part of what makes two
   * epochs equal: it changes when the server is restarted.
   */
  readonly server?: string;
}

/** Where a timeline left its parent: what was written on the parent beyond `lsn` is not in the child. */
export interface Fork {
  readonly system: string;
  readonly parent: number;
  readonly child: number;
  readonly lsn: bigint;
}

/** What one process knows of its own region's database, and may tell other regions. */
export interface DatabaseReport {
  /** Measured by this process itself; `unknown` when it cannot tell. */
  readonly role: 'primary' | 'standby' | 'unknown';
  /** The epoch of a primary, measured by this process. Absent on a standby. */
  readonly epoch?: Epoch;
  /** The primary's insert position, or the standby's replay position. */
  readonly position?: bigint;
  /** Every fork this process knows. */
  readonly forks: readonly Fork[];
  /**
   * The highest epoch heard of by any means. It is second-hand: it can fence a primary, never make one (or regions that
   * echo each other would keep a dead one alive).
   */
  readonly highest?: Epoch;
  /** A database of this region has answered this process, now: `highest` is then more than an echo of other regions. */
  readonly measured?: boolean;
  /** How long ago this process accepted a primary as the real one. Absent: it has not, so it has just been started. */
  readonly acceptedForMs?: number;
}

/** Where a read or a write would go now, and why. */
export interface RouteExplanation<Reason extends string = string> {
  /** `run` on `region`/`node`; `forward` the request to `region`; `hold` it for a primary; `refuse` it. */
  readonly action: 'run' | 'forward' | 'hold' | 'refuse';
  readonly region?: string;
  readonly node?: string;
  readonly reason: Reason;
  /** How far behind the node of `region` is, in milliseconds, when it is a standby and that is known. */
  readonly lagMs?: number;
}

/** What health asks of a router: the seam between the two packages. Synchronous, from memory. */
export interface RouterSeam {
  topology(): { readonly local: DatabaseReport };
  explain(intent: 'read' | 'write'): RouteExplanation;
}
