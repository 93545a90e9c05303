import type { DatabaseReport, Epoch, Fork } from '@regionkit/core';
import type { Counters } from './counters.ts';
import type { NodeState, TopologyState } from './reasons.ts';

/** One node in the result of `topology()`. */
export interface NodeReport<Name extends string = string> {
  /** `region/node`. */
  readonly id: string;
  readonly region: Name;
  readonly state: NodeState;
  /** Whether it serves a read without a required position. */
  readonly readable: boolean;
  /** Its timeline, or a lower bound of it; 0: unknown. */
  readonly timeline: number;
  /** Where it was at its last probe: what a primary has flushed, or a standby has replayed. In bytes. */
  readonly position: bigint;
  readonly lagMs?: number;
  readonly rttMs?: number;
  /**
   * Why it could not be probed last: a SQLSTATE (28P01), an errno (ECONNREFUSED), or a word such as tls-not-supported.
   */
  readonly code?: string;
  /** The system identifier of its database, in decimal. */
  readonly system?: string;
  /** The open connections to it in the pools of this router. */
  readonly connections: number;
}

/** What a router knows of all nodes, and what follows from it. */
export interface RouterTopology<Name extends string = string> {
  /** The state of this region's own database. Health sends it to the other regions. */
  readonly local: DatabaseReport;
  /** `ready`: there is one primary. Any other value: why no write is sent. */
  readonly state: TopologyState | 'stale-view';
  readonly primary?: {
    readonly region: Name;
    readonly epoch: Epoch;
    /** The end of the WAL that it had flushed at its last probe or report. In bytes. */
    readonly position: bigint;
    /** `region/node`. Absent if only reports of other regions name it. */
    readonly node?: string;
  };
  readonly highest?: Epoch;
  /** With the state `epoch-regressed`: the older epoch on which all nodes agree. */
  readonly regressed?: Epoch;
  readonly forks: readonly Fork[];
  readonly nodes: readonly NodeReport<Name>[];
}

/** What a router has done, and what it is doing. */
export interface RouterStats extends Readonly<Counters> {
  /** Writes that wait for a primary now. */
  readonly holding: number;
  /** Clients from `connect()` that are not given back yet. */
  readonly leased: number;
}
