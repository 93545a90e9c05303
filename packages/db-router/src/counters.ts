import type { RouteReason } from './reasons.ts';

/** What a router has done since it was created. */
export interface Counters {
  reads: number;
  writes: number;
  transactions: number;
  batches: number;
  retries: number;
  held: number;
  unknown: number;
  /** Connections that were closed because of what their last user left on them. */
  discarded: number;
  /** Statements by the reason of their route. */
  readonly routes: Partial<Record<RouteReason, number>>;
}

export function createCounters(): Counters {
  return {
    reads: 0,
    writes: 0,
    transactions: 0,
    batches: 0,
    retries: 0,
    held: 0,
    unknown: 0,
    discarded: 0,
    routes: {},
  };
}

export function countRoute({ routes }: Counters, reason: RouteReason): void {
  routes[reason] = (routes[reason] ?? 0) + 1;
}
