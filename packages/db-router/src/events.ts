import type { Epoch } from '@regionkit/core';
import type { EpochStoreFailure } from './history/epoch-store.ts';
import type { HoldEnd, NodeState, RouteReason, TopologyState } from './reasons.ts';

/** The events of a router. Each is also published on the `node:diagnostics_channel` `regionkit:db-router:<event>`. */
export interface RouterEvents<Name extends string = string> {
  /** There is a primary. `missingForMs`: how long there was none. */
  primary: { readonly epoch: Epoch; readonly region: Name; readonly missingForMs: number };
  /** There is no primary any more. */
  'primary-lost': { readonly state: TopologyState; readonly last?: Epoch };
  /** A node changed its state. */
  node: { readonly node: string; readonly from: NodeState; readonly to: NodeState };
  /**
   * A node could not be probed. Emitted when the reason changes. `code` is a SQLSTATE or errno (a wrong password is
   * 28P01). Errors without one get: `timeout`, `connection-ended`, `login-failed`, `tls-not-supported`, `tls-failed`,
   * `reading-malformed`, `unknown`.
   */
  'probe-failed': { readonly node: string; readonly code: string };
  /** A node was fenced, because a newer history is known. `clients`: how many connections were destroyed. */
  fenced: { readonly node: string; readonly by: Epoch | undefined; readonly clients: number };
  /** Two owners write one timeline. No write is sent until an operator decides. */
  'twin-primaries': { readonly system: string; readonly timeline: number; readonly owners: readonly string[] };
  /**
   * Every node is on an older timeline than the highest known one: an HA manager took the cluster back. No write is
   * sent until an operator decides which one is right (`resetEpoch()`).
   */
  'epoch-regressed': {
    readonly from: Epoch;
    readonly to: Epoch;
    readonly nodes: readonly { readonly node: string; readonly timeline: number; readonly inRecovery: boolean }[];
  };
  /** One server has several names: several endpoints lead to it, or the URL of a replica points to the primary. */
  'same-server': { readonly timeline: number; readonly owners: readonly string[] };
  /** A node, or the report of a region, belongs to another database. */
  'foreign-system': { readonly node: string; readonly system: string };
  /**
   * A primary that is not confirmed yet: no write until it is. Without `claimedBy` it is the first primary that this process
   * has found. With `claimedBy` only that region reports it, and its timeline is several steps above every other known one.
   */
  unconfirmed: { readonly epoch: Epoch; readonly claimedBy?: Name };
  /** A higher epoch became known. */
  epoch: { readonly epoch: Epoch; readonly from: EpochSource };
  /** An operator called `resetEpoch()`. */
  'epoch-reset': { readonly voided: Epoch | undefined; readonly reason: string };
  /** An operator's void reached this process from another one (`taken`), or what was void by it is alive and counts again (`ended`). */
  'epoch-void': { readonly id: string; readonly epochs: readonly Epoch[]; readonly state: 'taken' | 'ended' };
  /** The epoch store could not be read or written. `reason`: what one of regionkit's own stores says. */
  'store-failed': { readonly action: 'load' | 'save'; readonly reason?: EpochStoreFailure };
  /** The process was suspended. Every node is probed again before the next write. */
  suspended: object;
  /** A standby reported a lower position than before. It crashed, or it is another server. */
  'replay-regressed': { readonly node: string };
  /** A write began to wait for a primary. */
  hold: { readonly waiting: number };
  /** The wait ended, with or without a primary. */
  'hold-ended': { readonly heldMs: number; readonly by: HoldEnd };
  /** New writes are held from now on, because `region` ordered a pause. It lasts at most this long. */
  'writes-paused': { readonly id: string; readonly region: string; readonly forMs: number };
  /** The pause has ended. `switched`: another primary is known; `resumed`: by an operator. */
  'writes-resumed': {
    readonly id: string;
    readonly by: 'switched' | 'resumed' | 'expired';
    readonly pausedMs: number;
  };
  /** A node was chosen for a statement, transaction or batch. Emitted only if there is a listener. */
  route: { readonly intent: 'read' | 'write'; readonly reason: RouteReason; readonly node: string };
  /** A statement or transaction was run again. `code` is the SQLSTATE or errno of the failure. */
  retry: { readonly intent: 'read' | 'write' | 'transaction'; readonly code: string; readonly node: string };
  /** It is not known whether a write was executed. */
  'outcome-unknown': { readonly node: string };
  /** A write token lies beyond the fork of the timeline in force. Its write is probably lost. */
  'write-lost-suspected': { readonly timeline: number; readonly lsn: string; readonly fork: string };
  /** A write token belongs to a timeline that has ended at an unknown position. */
  'write-fate-unknown': { readonly timeline: number; readonly lsn: string };
  /** No secret verifies a token. The request reads from the primary. */
  'token-invalid': object;
  /** A token that another environment has signed, or that says so. It fences nothing. */
  'token-elsewhere': object;
  /** A position became known after the head of the answer was written. The client does not have it. */
  'token-late': object;
  /** The position of a write, or of a monotonic read, could not be read. Only the primary certainly has it. */
  'position-unknown': { readonly node: string };
  /**
   * A client was not given back in time, or came back with an open transaction, a running statement, or a session that it
   * made read-only. Its connection was closed.
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

/** From which source an epoch is known. */
export type EpochSource = 'probe' | 'token' | 'hop' | 'document' | 'store';

/** The names of all events. */
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
  'epoch-void',
  'store-failed',
  'suspended',
  'replay-regressed',
  'hold',
  'hold-ended',
  'writes-paused',
  'writes-resumed',
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
