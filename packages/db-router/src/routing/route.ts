import type { RouteReason } from '../reasons.ts';

/** Where a statement goes. Created once for each change of the topology, never for a statement. */
export interface Route {
  readonly action: 'run' | 'wait' | 'forward' | 'hold' | 'reject';
  /** The index of the node; -1: none. */
  readonly node: number;
  readonly region: string | undefined;
  readonly reason: RouteReason;
  readonly lagMs: number | undefined;
}
