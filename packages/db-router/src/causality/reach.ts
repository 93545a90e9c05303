import type { Need } from '../history/need.ts';
import type { Settings } from '../options.ts';
import { decideRead, has } from '../routing/decide.ts';
import type { LiveTable } from '../routing/live-table.ts';
import type { Route } from '../routing/route.ts';
import type { LiveTopology } from '../topology/live-topology.ts';
import type { Watcher } from './watcher.ts';

/** Whether what must be seen is within reach of this process. */
export interface Reach {
  /** Waits, as long as a read may, until the standby that `route` names was seen to have `need`. */
  await(route: Route, need: Need | undefined, signal?: AbortSignal): Promise<boolean>;
  /**
   * Whether no node serves it. Where a standby may have it in a moment and nothing else has, that is waited for first: a
   * read that waits in the handler instead cannot be sent anywhere any more.
   */
  isOut(need: Need | undefined): boolean | Promise<boolean>;
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
  const isOutNow = (need: Need | undefined): boolean => {
    const { action } = decideRead(routes.current, need, 0, 0, false);
    // Without a need the handler may not ask the database at all: only where it is known to be served is it sent away.
    return action === 'forward' || (need !== undefined && action === 'refuse');
  };
  const wait: Reach['await'] = (route, need, signal) => {
    const reached = (): boolean => {
      const seat = routes.current.localHolders.find(({ view }) => view.index === route.node);
      return seat !== undefined && need !== undefined && has(seat, need, live.topology);
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
