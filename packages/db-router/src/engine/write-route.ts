import { AbortedError, RouterClosedError } from '../errors.ts';
import type { ViewGuard } from '../monitor/view-guard.ts';
import type { NoPrimaryReason } from '../reasons.ts';
import type { HoldQueue } from '../routing/hold.ts';
import type { LiveTable } from '../routing/live-table.ts';
import type { Route } from '../routing/route.ts';

/** Where writes go, and what holds them while there is nowhere to go. */
export interface WriteRoute {
  /** Where a write would go now. `hold` with `stale-view` if the known state is too old. */
  now(): Route;
  /** The same, but waits while there is no primary. @throws if no primary came in time; nothing was sent */
  locate(deadlineMs: number, signal: AbortSignal | undefined): Promise<Route>;
  /** Lets the writes that are held go on, if there is somewhere to go. */
  resumeHeld(): void;
  close(): void;
}

const STALE_VIEW: Route = { action: 'hold', node: -1, region: undefined, reason: 'stale-view', lagMs: undefined };

export function createWriteRoute({
  routes,
  guard,
  hold,
}: {
  readonly routes: Pick<LiveTable, 'current'>;
  readonly guard: Pick<ViewGuard, 'isStale'>;
  readonly hold: HoldQueue;
}): WriteRoute {
  let closed = false;
  const now = (): Route => (guard.isStale() ? STALE_VIEW : routes.current.write);

  return {
    now,
    locate: async (deadlineMs, signal) => {
      for (;;) {
        if (closed) throw new RouterClosedError();
        if (signal?.aborted === true) throw new AbortedError();
        const route = now();
        if (route.action !== 'hold') return route;
        await hold.wait(() => now().reason as NoPrimaryReason, deadlineMs, signal);
      }
    },
    resumeHeld: () => {
      if (hold.size > 0 && !guard.isStale() && routes.current.write.action !== 'hold') hold.release();
    },
    close: () => {
      closed = true;
      hold.close();
    },
  };
}
