/** Why no primary can take a write at this moment. */
export type NoPrimaryReason =
  | 'no-primary'
  | 'unconfirmed'
  | 'twin-primaries'
  | 'epoch-regressed'
  | 'foreign-system'
  | 'read-only'
  | 'stale-view'
  | 'primary-unreachable';

/**
 * What a node may be used for.
 *
 * | state | reads without a token | with a token | writes |
 * |---|---|---|---|
 * | `primary` | yes | yes | yes |
 * | `read-only` (a primary that refuses writes), `candidate` (not confirmed yet), `twin` | yes | no | no |
 * | `replica` | yes | what it has replayed | no |
 * | `stale`: too far behind, or not judged yet | no | what it has replayed | no |
 * | `behind`: on an older or unknown timeline | for a while | what it was seen to have | no |
 * | `fenced`: its data has left the history in force | no | no | no |
 * | `foreign`: another database; `unreachable`; `unknown`: not asked yet | no | no | no |
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
  | 'behind'
  | 'fenced'
  | 'foreign';

/** `ready`: there is one primary. Anything else is why there is none. */
export type TopologyState = 'ready' | Exclude<NoPrimaryReason, 'stale-view' | 'primary-unreachable'>;

/** Why a statement goes where it goes: the same string in `explain()`, events and metrics. */
export type RouteReason =
  | 'local-replica'
  | 'local-primary'
  | 'remote-replica'
  | 'remote-primary'
  /** A standby that has what the token asks for. */
  | 'caught-up'
  /** A standby that may have it in a moment. */
  | 'wait-for-replica'
  /** The primary, as no standby at hand was seen to have what the token asks for; also for one that does not verify. */
  | 'primary-for-token'
  /** There is no primary; this standby was fresh when it was lost. */
  | 'primary-lost'
  /** A newer timeline was heard of a moment ago; this standby is not on it yet. */
  | 'behind'
  /** Served although it is not what it should be (`onBehind: 'stale'`). */
  | 'stale'
  | 'replica-behind'
  | 'no-readable-node'
  | 'remote-pool'
  | 'forward'
  | 'not-primary-region'
  | 'no-primary'
  | 'unconfirmed'
  | 'twin-primaries'
  | 'epoch-regressed'
  | 'foreign-system'
  | 'read-only'
  | 'primary-unreachable'
  | 'stale-view';

/** What ends the wait of a write. `in-vain`: no database lets this process in. */
export type HoldEnd = 'primary' | 'timeout' | 'aborted' | 'closed' | 'in-vain';

/**
 * What became of a statement that failed. `not-sent`: nothing of it left this process. `rolled-back`: the server did
 * nothing, or undid it. `rejected`: another region, to which the whole request was forwarded, did nothing with it.
 * `unknown`: it may have happened; only the database can tell, so it is never sent again.
 */
export type Outcome = 'not-sent' | 'rolled-back' | 'rejected' | 'unknown';
