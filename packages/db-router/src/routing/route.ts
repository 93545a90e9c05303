import type { RouteReason } from '../reasons.ts';

/** Where a statement goes. Made once for each change of the topology, never for a statement. */
export interface Route {
  readonly action: 'run' | 'wait' | 'forward' | 'hold' | 'refuse';
  /** Index of the node; -1 for none. */
  readonly node: number;
  readonly region: string | undefined;
  readonly reason: RouteReason;
  readonly lagMs: number | undefined;
}
