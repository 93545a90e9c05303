import type { RequiredPosition } from '../history/required-position.ts';
import type { Settings } from '../options.ts';
import { decideRead, hasReplayed } from '../routing/decide.ts';
import type { LiveTable } from '../routing/live-table.ts';
import type { Route } from '../routing/route.ts';
import type { LiveTopology } from '../topology/live-topology.ts';
import type { Watcher } from './watcher.ts';

/** Whether a node that this process can reach has a required position. */
export interface Reach {
  /** Waits for the standby of `route` to replay `need`, for at most as long as a read may wait. */
  await(route: Route, need: RequiredPosition | undefined, signal?: AbortSignal): Promise<boolean>;
  /**
   * Whether no reachable node serves the read. If only a standby that may soon have the position is left, this waits
   * for it first: the gate can still forward the request now, but not once it waits in the handler.
   */
  isOut(need: RequiredPosition | undefined): boolean | Promise<boolean>;
}

export function createReach({
  live,
  routes,
  watcher,
  tokenWaitMs,
}: Pick<Settings, 'tokenWaitMs'> & {
  readonly live: LiveTopology;
  readonly routes: LiveTable;
  readonly watcher: Watcher;
}): Reach {
  const isOutNow = (need: RequiredPosition | undefined): boolean => {
    const { action } = decideRead(routes.current, need, 0, 0, false);
    // Without a required position the handler may not query the database at all. Forward it only if it certainly would.
    return action === 'forward' || (need !== undefined && action === 'reject');
  };
  const wait: Reach['await'] = (route, need, signal) => {
    const reached = (): boolean => {
      const entry = routes.current.localHolders.find(({ view }) => view.index === route.node);
      return entry !== undefined && need !== undefined && hasReplayed(entry, need, live.topology);
    };
    return watcher.wait(route.node, reached, tokenWaitMs, signal);
  };
  return {
    await: wait,
    isOut: (need) => {
      if (!isOutNow(need)) return false;
      const route = decideRead(routes.current, need, 0, 0, tokenWaitMs > 0);
      return route.action === 'wait' ? wait(route, need).then(() => isOutNow(need)) : true;
    },
  };
}
