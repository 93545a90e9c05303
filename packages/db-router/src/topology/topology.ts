import type { Epoch, Fork } from '@regionkit/core';
import type { NodeState, TopologyState } from '../reasons.ts';
import type { Writer } from './writer.ts';

/** Whether a node follows a primary, on whatever timeline. */
export function isStandby(state: NodeState): boolean {
  return state === 'replica' || state === 'stale' || state === 'behind';
}

/** One node, as it stands. */
export interface NodeView {
  readonly index: number;
  /** `region/node`: its place in `pools`. */
  readonly id: string;
  readonly region: string;
  readonly state: NodeState;
  /** Why it could not be asked last: a SQLSTATE, an errno, or a word of ours. Undefined when it answered. */
  readonly code: string | undefined;
  /** The database it belongs to; undefined when it was never asked. */
  readonly system: string | undefined;
  /** What its server is called in documents and tokens; empty when it was never asked. */
  readonly server: string;
  /** Whether it may serve a read that asks for nothing in particular. */
  readonly readable: boolean;
  /** The timeline it is on, or a lower bound of it; 0 when nothing is known. */
  readonly timeline: number;
  /** The insert position of a primary, the replay position of a standby, when it was last asked. */
  readonly position: bigint;
  /** For a standby on an older timeline: what it was seen to have on it. */
  readonly seen: { readonly timeline: number; readonly position: bigint } | undefined;
  /** How long ago the known primary was where this standby is; undefined when that cannot be told. */
  readonly lagMs: number | undefined;
  /** Median-like round trip of its probes. */
  readonly rttMs: number;
  /** Changes when a connection verified before must be verified again. */
  readonly generation: number;
  readonly segmentBytes: number;
}

/** The one real primary. */
export interface PrimaryView {
  readonly region: string;
  readonly epoch: Epoch;
  readonly position: bigint;
  /** Index of the node that reaches it; undefined when only the documents of its region tell of it. */
  readonly node: number | undefined;
}

/** The highest timeline heard of, and who writes it. */
export interface Top {
  readonly system: string;
  readonly timeline: number;
  /** More than one: twins. None: only a standby told of it. */
  readonly owners: readonly string[];
  readonly firstHeardAtMs: number;
  /** The only region that told of it, or '' for what regions repeat; undefined once anything else did. */
  readonly by: string | undefined;
  /** The highest that anything but the documents of regions told of. */
  readonly certain: number;
}

/** What is known, judged. Immutable: a new one at each change. */
export interface Topology {
  readonly state: TopologyState;
  readonly nodes: readonly NodeView[];
  readonly primary: PrimaryView | undefined;
  /** The candidate that is not confirmed, when that is the state. */
  readonly candidate: Epoch | undefined;
  /** The region that alone tells of the candidate, when that is why it is not confirmed. */
  readonly claimedBy: string | undefined;
  /** When the state is `epoch-regressed`: the older epoch on which all nodes agree. */
  readonly regressed: Epoch | undefined;
  readonly system: string | undefined;
  readonly top: Top | undefined;
  /** The highest epoch heard of: fences, makes no primary. Its owner is empty when only a standby told of it. */
  readonly highest: Epoch | undefined;
  /** Which servers write which timeline, and what they are called. */
  readonly writers: readonly Writer[];
  readonly forks: readonly Fork[];
  /** Who wrote which timeline of this system, as far as it is known. */
  readonly owners: readonly Epoch[];
  /** A first primary was accepted: from now on a higher timeline is believed at once. */
  readonly accepted: boolean;
  /** What is known may be taken over by a new process of this region. */
  readonly vouches: boolean;
  /** Something changes by itself then, without anything new being heard. */
  readonly nextChangeMs: number;
}
