import { requiredPosition } from '../causality/scope.ts';
import type { Scope } from '../causality/scope-state.ts';
import type { PoolNode } from '../connection/node.ts';
import type { Engine } from '../engine/engine.ts';
import type { Caller } from '../entry.ts';
import {
  AbortedError,
  NoPrimaryError,
  NoReadableNodeError,
  NotPrimaryRegionError,
  ReplicaBehindError,
  RouterClosedError,
} from '../errors.ts';
import { decideRead, hasReplayed } from '../routing/decide.ts';
import type { Route } from '../routing/route.ts';

/** Which node a read goes to. */
export interface ReadChoice {
  /** From memory: the fresh standbys of the region take turns. */
  first(scope: Scope | undefined): Route;
  /** Chooses a node for a read. Waits for a standby if that can help, and for a primary if there is none. */
  choose(wanted: WantedRead, cause?: unknown): Promise<Route>;
  /** The topology may have changed on the way: whether the node of a route may serve the read all the same. */
  stillServes(route: Route, scope: Scope | undefined): boolean;
  /** Whether a node may serve a read, without a wait. */
  mayServe(node: PoolNode, scope: Scope | undefined): boolean;
}

/** A read that needs a node. */
export interface WantedRead {
  readonly caller: Caller;
  /** The nodes that failed it, as bits. */
  readonly avoid: number;
  /** How long it may wait, on the monotonic clock. */
  readonly deadlineMs: number;
}

const MAX_TURN = 0x3fff_ffff;

export type ReadChoiceParts = Pick<
  Engine,
  'live' | 'routes' | 'nodes' | 'settings' | 'events' | 'reach' | 'unreachable' | 'writeRoute' | 'closed' | 'pause'
>;

export function createReadChoice(engine: ReadChoiceParts): ReadChoice {
  const { live, routes, nodes, settings, events } = engine;
  const { clock } = settings;
  let turn = 0;

  const choose: ReadChoice['choose'] = async ({ caller: { scope, signal }, avoid, deadlineMs }, cause) => {
    let mayWait = settings.tokenWaitMs > 0;
    let failed = avoid;
    for (;;) {
      if (engine.closed) throw new RouterClosedError();
      if (signal?.aborted === true) throw new AbortedError();
      const need = requiredPosition(scope);
      const route = decideRead(routes.current, need, failed, turn, mayWait);
      switch (route.action) {
        case 'run':
          if (route.reason === 'stale') events.emit('stale-read', { node: nodes[route.node]?.id ?? '' });
          return route;
        case 'wait':
          await engine.reach.await(route, need, signal);
          mayWait = false;
          break;
        case 'forward':
          throw new NotPrimaryRegionError(route.region ?? '', 'read');
        default:
          if (!(await mayHoldRead(failed, deadlineMs, signal))) {
            if (route.reason === 'replica-behind' && need !== undefined && cause === undefined) {
              throw new ReplicaBehindError(route.region === undefined ? {} : { region: route.region });
            }
            throw new NoReadableNodeError(cause ?? engine.unreachable.cause);
          }
          failed = 0;
      }
    }
  };

  /**
   * No node serves this read now. While there is no primary, the read waits for one as a write does. If the nodes that
   * could serve it have just failed, they are probed again. Returns false at the timeout; nothing was sent.
   */
  const mayHoldRead = async (failed: number, deadlineMs: number, signal: AbortSignal | undefined): Promise<boolean> => {
    if (live.topology.primary === undefined) {
      try {
        await engine.writeRoute.locate(deadlineMs, signal);
        return true;
      } catch (error) {
        if (error instanceof NoPrimaryError) return false;
        throw error;
      }
    }
    if (failed === 0 || clock.now() >= deadlineMs) return false;
    await engine.pause(settings.alertIntervalMs);
    return true;
  };

  return {
    first: (scope) => {
      turn = (turn + 1) & MAX_TURN;
      return decideRead(routes.current, requiredPosition(scope), 0, turn, true);
    },
    choose,
    stillServes: (route, scope) => {
      const table = routes.current;
      const need = requiredPosition(scope);
      if (decideRead(table, need, 0, turn, false).node === route.node) return true;
      const entry = [...table.locals, ...table.others].find(({ view }) => view.index === route.node);
      if (entry === undefined) return false;
      return need === undefined || table.primary === entry || hasReplayed(entry, need, live.topology);
    },
    mayServe: ({ index }, scope) => {
      const route = decideRead(routes.current, requiredPosition(scope), ~(1 << index), 0, false);
      return route.action === 'run' && route.node === index;
    },
  };
}
