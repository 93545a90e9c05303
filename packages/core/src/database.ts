/**
 * The history of a database that a statement or a position belongs to. Compare two positions by number only if their
 * epochs are equal: a promoted standby and the primary it replaced reach the same LSNs with different rows.
 */
export interface Epoch {
  /**
   * The system identifier of the cluster in decimal, from `pg_control_system()`
   * (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA).
   */
  readonly system: string;
  /**
   * The timeline on which the primary writes
   * (https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES).
   */
  readonly timeline: number;
  /**
   * The region and node that writes this history, as `region/node`. Two standbys that are promoted by mistake differ
   * only here.
   */
  readonly owner: string;
  /**
   * Identifies the running server: a hash of its start time and port, 16 to 64 characters of base64url. Two owners of
   * one timeline with the same `server` are one server under two names. It is not part of the equality of epochs,
   * because it changes when the server restarts.
   */
  readonly server?: string;
}

/** Where a timeline left its parent. What the parent wrote after `lsn` is not in the child. */
export interface Fork {
  /** The system identifier, as in {@link Epoch}. */
  readonly system: string;
  /** The timeline that was left. */
  readonly parent: number;
  /** The timeline that began there. It is the higher number. */
  readonly child: number;
  /** The position in bytes. */
  readonly lsn: bigint;
}

/** What one process knows of its own region's database. It may send this to other regions. */
export interface DatabaseReport {
  /** Measured by this process. `unknown`: it could not measure. */
  readonly role: 'primary' | 'standby' | 'unknown';
  /** The epoch of a primary, measured by this process. Absent on a standby. */
  readonly epoch?: Epoch;
  /**
   * Of a primary: the end of the WAL that it has flushed to disk (`pg_current_wal_flush_lsn()`), never the insert
   * position. Of a standby: the end of the WAL that it has replayed (`pg_last_wal_replay_lsn()`). In bytes
   * (https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP).
   */
  readonly position?: bigint;
  /** Every fork this process knows. */
  readonly forks: readonly Fork[];
  /**
   * The highest epoch that this process knows, from any source. It is second-hand: it can fence a primary, but it never
   * confirms one. Otherwise regions that repeat each other's reports would keep a dead primary alive.
   */
  readonly highest?: Epoch;
  /**
   * True if a database of this region answers this process now. `highest` then rests on more than the reports of other
   * regions. False: each was probed, and none answers. Absent: that is not known, since the process started or was suspended.
   */
  readonly measured?: boolean;
  /**
   * The highest epoch that a database showed to this process itself. Unlike `highest` it repeats no other region, so it can
   * confirm what one region alone claims. Its owner is empty if only a standby showed it.
   */
  readonly measuredEpoch?: Epoch;
  /** Milliseconds since this process accepted a primary. Absent: it has accepted none since it started. */
  readonly acceptedForMs?: number;
  /** What a new process of the same region may take over. Absent: this process vouches for nothing. It is sent to its own region only. */
  readonly vouches?: Vouch;
  /** A pause of the writes that this process obeys, or that has just ended. */
  readonly pause?: WritePause;
  /** Epochs that operators declared void. This process ignores reports of them. */
  readonly voids?: readonly EpochVoid[];
}

/** Epochs that an operator declared void with `resetEpoch()`, as one process tells the others. */
export interface EpochVoid {
  /** Random; the same in every process. */
  readonly id: string;
  /** Each with the server that wrote it. It names one running server, so a later promotion is never void by it. */
  readonly epochs: readonly Epoch[];
}

/** The report of one process about a pause of the writes. */
export interface WritePause {
  /** The same in every process. */
  readonly id: string;
  /** The epoch for which it was ordered. A higher one ends it. */
  readonly epoch: Epoch;
  /** How long this process still holds new writes, in milliseconds. 0: it has ended. */
  readonly leftMs: number;
  /** The requests, forwards, statements, transactions and leased clients that were admitted and have not ended. */
  readonly underWay: number;
}

/**
 * What a process that has accepted a primary passes on to a new process of its region, besides `highest` and `forks`: the
 * new one then starts no write that this one would not start.
 */
export interface Vouch {
  /** The epoch on which this process starts writes now, with its server. Absent: it knows no primary at this moment. */
  readonly primary?: Epoch;
  /**
   * A timeline on which a server was seen to write: the highest that a process of this region has measured. If none has
   * measured one, it is the lowest that other regions claim. If one region alone claims it, `owner` begins with that region;
   * otherwise `owner` is empty. If one region alone claims a much newer timeline, this one shows how many it skips.
   */
  readonly written?: Epoch;
}

/** Where a read or a write would go now, and why. */
export interface RouteExplanation<Reason extends string = string, Name extends string = string> {
  /**
   * `run` it on `region`/`node`; `forward` the request to `region`; `hold` it until there is a primary; `reject` it.
   */
  readonly action: 'run' | 'forward' | 'hold' | 'reject';
  readonly region?: Name;
  readonly node?: string;
  readonly reason: Reason;
  /** The lag of the node in milliseconds, if the node is a standby and its lag is known. */
  readonly lagMs?: number;
}

/** The part of a router that the health package uses. Synchronous; answers from memory. */
export interface RouterSeam {
  topology(): { readonly local: DatabaseReport };
  explain(intent: 'read' | 'write'): RouteExplanation;
}
