import type { Epoch, Fork } from '@regionkit/core';
import type { NodeState, TopologyState } from '../reasons.ts';
import type { Writer } from './writer.ts';

/** Whether a node follows a primary, on whatever timeline. */
export function isStandby(state: NodeState): boolean {
  return state === 'replica' || state === 'stale' || state === 'old-timeline';
}

/** The state of one node. */
export interface NodeView {
  readonly index: number;
  /** `region/node`: its position in `pools`. */
  readonly id: string;
  readonly region: string;
  readonly state: NodeState;
  /** Why it could not be probed last: a SQLSTATE, an errno, or a code of the router. Undefined if it answered. */
  readonly code: string | undefined;
  /** Its database. Undefined if it has never answered. */
  readonly system: string | undefined;
  /** The server's name in documents and tokens. Empty if it has never answered. */
  readonly server: string;
  /** Whether it may serve a read without a required position. */
  readonly readable: boolean;
  /** The timeline of the node, or a lower bound of it; 0 if nothing is known. */
  readonly timeline: number;
  /** When last probed: the flushed position of a primary, or the replay position of a standby. */
  readonly position: bigint;
  /** For a standby on an older timeline: the position up to which it was seen there. */
  readonly seen: { readonly timeline: number; readonly position: bigint } | undefined;
  /** How long ago the known primary was where this standby is, in milliseconds. Undefined if that is not known. */
  readonly lagMs: number | undefined;
  /** The typical round trip of its probes, in milliseconds. */
  readonly rttMs: number;
  /** Changes when connections must be verified again. */
  readonly generation: number;
  readonly segmentBytes: number;
}

/** The one real primary. */
export interface PrimaryView {
  readonly region: string;
  readonly epoch: Epoch;
  readonly position: bigint;
  /** The index of the node that reaches it. Undefined if only the documents of its region name it. */
  readonly node: number | undefined;
}

/** The highest known timeline, and who writes it. */
export interface Top {
  readonly system: string;
  readonly timeline: number;
  /** More than one: two servers write it. None: only a standby reported it. */
  readonly owners: readonly string[];
  readonly firstKnownAtMs: number;
  /** The only region that reports it, or '' for what regions repeat. Undefined as soon as there is any other source. */
  readonly by: string | undefined;
  /** The highest from any source except the documents of regions. */
  readonly certain: number;
}

/** The result of a judgement. Immutable: each change makes a new one. */
export interface Topology {
  readonly state: TopologyState;
  readonly nodes: readonly NodeView[];
  readonly primary: PrimaryView | undefined;
  /** With the state `unconfirmed`: the candidate that is not confirmed. */
  readonly candidate: Epoch | undefined;
  /** If the candidate is not confirmed because only one region reports it: this region. */
  readonly claimedBy: string | undefined;
  /** With the state `epoch-regressed`: the older epoch on which all nodes agree. */
  readonly regressed: Epoch | undefined;
  readonly system: string | undefined;
  readonly top: Top | undefined;
  /**
   * The highest known epoch. It fences, but never confirms a primary. Its owner is empty if only a standby reported it.
   */
  readonly highest: Epoch | undefined;
  /** Which servers write which timeline, and their names. */
  readonly writers: readonly Writer[];
  readonly forks: readonly Fork[];
  /** Who wrote which timeline of this database, as far as known. */
  readonly owners: readonly Epoch[];
  /** A first primary was accepted. From now on a higher timeline is accepted at once. */
  readonly accepted: boolean;
  /** What is known may be taken over by a new process of this region. */
  readonly vouches: boolean;
  /** The time at which something changes without any new input. */
  readonly nextChangeMs: number;
}
