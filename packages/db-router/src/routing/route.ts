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

/** Where a statement goes. Made once for each change of the topology, never for a statement. */
export interface Route {
  readonly action: 'run' | 'wait' | 'forward' | 'hold' | 'refuse';
  /** Index of the node; -1 for none. */
  readonly node: number;
  readonly region: string | undefined;
  readonly reason: RouteReason;
  readonly lagMs: number | undefined;
}

/** What a read must see. A `system` of no database means: only the primary will do. */
export interface Need {
  readonly system: string;
  readonly timeline: number;
  readonly owner: string;
  readonly lsn: bigint;
}

/** Nothing but the primary will do. */
export const PRIMARY_ONLY: Need = { system: '', timeline: 0, owner: '', lsn: 0n };
