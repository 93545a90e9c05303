/** Why no primary can accept a write now. */
export type NoPrimaryReason =
  | 'no-primary'
  | 'unconfirmed'
  | 'twin-primaries'
  | 'epoch-regressed'
  | 'foreign-system'
  | 'read-only'
  | 'stale-view'
  | 'primary-unreachable'
  /** An operator has paused the writes before a switchover. */
  | 'paused';

/**
 * What a node may be used for.
 *
 * | state | reads without a token | with a token | writes |
 * |---|---|---|---|
 * | `primary` | yes | yes | yes |
 * | `read-only` (a primary that refuses writes), `candidate` (not confirmed yet), `twin` | yes | no | no |
 * | `replica` | yes | what it has replayed | no |
 * | `stale`: too much lag, or not judged yet | no | what it has replayed | no |
 * | `old-timeline`: on an older or unknown timeline | for a while | what it was seen to have | no |
 * | `fenced`: its data has left the history in force | no | no | no |
 * | `foreign`: another database; `unreachable`; `unknown`: not probed yet | no | no | no |
 */
export type NodeState =
  | 'unknown'
  | 'unreachable'
  | 'primary'
  | 'candidate'
  | 'read-only'
  | 'twin'
  | 'replica'
  | 'stale'
  | 'old-timeline'
  | 'fenced'
  | 'foreign';

/** `ready`: there is one primary. Any other value says why there is none. */
export type TopologyState = 'ready' | Exclude<NoPrimaryReason, 'stale-view' | 'primary-unreachable' | 'paused'>;

/** Why a statement goes to its node. The same string is used in `explain()`, events and metrics. */
export type RouteReason =
  | 'local-replica'
  | 'local-primary'
  | 'remote-replica'
  | 'remote-primary'
  /** A standby that has replayed what the token requires. */
  | 'caught-up'
  /** A standby that may soon have replayed it. */
  | 'wait-for-replica'
  /**
   * The primary, because no available standby has replayed what the token requires. Also for a token that does not
   * verify.
   */
  | 'primary-for-token'
  /** There is no primary. This standby was fresh when the primary was lost. */
  | 'primary-lost'
  /** A newer timeline became known a moment ago, and this standby is not on it yet. */
  | 'old-timeline'
  /** Served although the data is too old (`onBehind: 'stale'`). */
  | 'stale'
  | 'replica-behind'
  | 'no-readable-node'
  /** The router was closed. */
  | 'closed'
  | 'remote-pool'
  | 'forward'
  | 'not-primary-region'
  | NoPrimaryReason;

/** What ends the wait of a write. `in-vain`: every database refuses this process. */
export type HoldEnd = 'primary' | 'timeout' | 'aborted' | 'closed' | 'in-vain';

/**
 * What happened to a statement that failed.
 *
 * - `not-sent`: nothing of it left this process
 * - `rolled-back`: the server did not execute it, or undid it
 * - `rejected`: another region, to which the whole request was forwarded, did not execute it
 * - `unknown`: it may have been executed. Only the database can tell, so the router never sends it again
 */
export type Outcome = 'not-sent' | 'rolled-back' | 'rejected' | 'unknown';
