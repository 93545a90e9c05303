import type { Epoch } from '@regionkit/core';
import type { HoldEnd, NodeState, RouteReason, TopologyState } from './reasons.ts';

/** What a router tells of itself. Each is mirrored on `diagnostics_channel` as `regionkit:db-router:<event>`. */
export interface RouterEvents {
  /** A primary is there. `missingForMs`: how long there was none. */
  primary: { readonly epoch: Epoch; readonly region: string; readonly missingForMs: number };
  /** There is no primary any more. */
  'primary-lost': { readonly state: TopologyState; readonly last?: Epoch };
  /** A node changed its state. */
  node: { readonly node: string; readonly from: NodeState; readonly to: NodeState };
  /**
   * A node could not be asked. Told when the reason changes. `code` is a SQLSTATE or errno (a wrong password is 28P01), or
   * of what has none: `timeout`, `connection-ended`, `login-failed`, `tls-not-supported`, `tls-failed`,
   * `reading-malformed`, `unknown`.
   */
  'probe-failed': { readonly node: string; readonly code: string };
  /** A node got its last statement: a newer history is known. `clients` were destroyed. */
  fenced: { readonly node: string; readonly by: Epoch | undefined; readonly clients: number };
  /** Two owners write one timeline: no write goes anywhere until an operator has looked. */
  'twin-primaries': { readonly system: string; readonly timeline: number; readonly owners: readonly string[] };
  /**
   * Every node is on an older timeline than the highest that was told of: an HA manager took the cluster back. No write
   * goes anywhere until an operator has said which of the two is right (`resetEpoch()`).
   */
  'epoch-regressed': {
    readonly from: Epoch;
    readonly to: Epoch;
    readonly nodes: readonly { readonly node: string; readonly timeline: number; readonly inRecovery: boolean }[];
  };
  /** One server is called by several names: endpoints that lead to it, or the URL of a replica that points at the primary. */
  'same-server': { readonly timeline: number; readonly owners: readonly string[] };
  /** A node, or somebody's word, belongs to another database. */
  'foreign-system': { readonly node: string; readonly system: string };
  /**
   * A primary that cannot be confirmed yet: no write until it is. The first one that is found, or with `claimedBy` one that
   * only that region tells of, though its timeline does not follow on what else is known.
   */
  unconfirmed: { readonly epoch: Epoch; readonly claimedBy?: string };
  /** A higher epoch was heard of. */
  epoch: { readonly epoch: Epoch; readonly from: HeardFrom };
  /** The operator's reset. */
  'epoch-reset': { readonly voided: Epoch | undefined; readonly reason: string };
  /** The epoch store could not be read or written. */
  'store-failed': { readonly action: 'load' | 'save' };
  /** The process was suspended: every node is looked at again before a write. */
  suspended: object;
  /** A standby answered below what it answered before: it had crashed, or it is another server. */
  'replay-regressed': { readonly node: string };
  /** A write began to wait for a primary. */
  hold: { readonly waiting: number };
  /** It went on, or gave up. */
  'hold-ended': { readonly heldMs: number; readonly by: HoldEnd };
  /** A statement, transaction or batch was given a node. Made only while somebody listens. */
  route: { readonly intent: 'read' | 'write'; readonly reason: RouteReason; readonly node: string };
  /** A statement or transaction was run again. `code` is the SQLSTATE or errno behind it. */
  retry: { readonly intent: 'read' | 'write' | 'transaction'; readonly code: string; readonly node: string };
  /** Nobody can tell whether a write happened. */
  'outcome-unknown': { readonly node: string };
  /** A write token lies beyond the fork of the timeline in force: what it stands for is probably lost. */
  'write-lost-suspected': { readonly timeline: number; readonly lsn: string; readonly fork: string };
  /** A write token of a timeline that ended, and it is not known where. */
  'write-fate-unknown': { readonly timeline: number; readonly lsn: string };
  /** A token that no secret verifies. The request reads from the primary. */
  'token-invalid': object;
  /** A token that another environment has signed, or that says so. It fences nothing. */
  'token-elsewhere': object;
  /** A position came after the head of the answer was written: the client does not have it. */
  'token-late': object;
  /** Something was written, or seen by a monotonic read, but its position could not be had: only the primary has it. */
  'position-unknown': { readonly node: string };
  /**
   * A client handed out was not given back in time, or with a transaction open, a statement under way, or a session that
   * it made read-only: its connection was closed.
   */
  leak: {
    readonly node: string;
    readonly why: 'not-released' | 'in-transaction' | 'under-way' | 'read-only-session';
  };
  /** A read was served although no node had what it should see (`onBehind: 'stale'`). */
  'stale-read': { readonly node: string };
}

/** Tells an event. */
export type Emit = <E extends keyof RouterEvents>(event: E, payload: RouterEvents[E]) => void;

/** Where a higher epoch was heard of. */
export type HeardFrom = 'probe' | 'token' | 'hop' | 'document' | 'store';

/** Every event there is. */
export const ROUTER_EVENTS: readonly (keyof RouterEvents)[] = [
  'primary',
  'primary-lost',
  'node',
  'probe-failed',
  'fenced',
  'twin-primaries',
  'epoch-regressed',
  'same-server',
  'foreign-system',
  'unconfirmed',
  'epoch',
  'epoch-reset',
  'store-failed',
  'suspended',
  'replay-regressed',
  'hold',
  'hold-ended',
  'route',
  'retry',
  'outcome-unknown',
  'write-lost-suspected',
  'write-fate-unknown',
  'token-invalid',
  'token-elsewhere',
  'token-late',
  'position-unknown',
  'leak',
  'stale-read',
];
