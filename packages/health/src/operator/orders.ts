import { isRegionKitError } from '@regionkit/core';
import { type Reply, refusal, reply } from './reply.ts';
import type { OperatedRouter, OperatorAction } from './router.ts';

/** What an order came to. */
export interface Ordered {
  readonly action: OperatorAction;
  readonly reason: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  /** The state of the topology after it. `unknown`: the router did not say. */
  readonly state: string;
}

/** Carries out one order at a time. */
export function createOrders(
  router: OperatedRouter,
  onOrder: (ordered: Ordered) => void,
): (action: OperatorAction, reason: string) => Promise<Reply> {
  let busy = false;
  const carryOut: Readonly<Record<OperatorAction, (reason: string) => unknown>> = {
    confirm: () => router.confirmPrimary(),
    reset: (reason) => router.resetEpoch(reason),
    recycle: () => router.recycle(),
  };
  return async (action, reason) => {
    if (busy) return refusal(409, 'busy', 'Another order is being carried out. Nothing was done; try again.');
    busy = true;
    try {
      await carryOut[action](reason);
      const state = stateOf(router);
      onOrder({ action, reason, outcome: 'done', state });
      return reply(200, action, { done: action, state });
    } catch (error) {
      // A refusal of the router has a code. Anything else is a mistake, and its text may hold anything.
      const isRefused = isRegionKitError(error);
      const state = stateOf(router);
      onOrder({ action, reason, outcome: isRefused ? 'refused' : 'failed', state });
      if (!isRefused)
        return refusal(500, 'failed', 'The router failed. What was done is not known; look at the status.');
      const { code, reason: why = state } = error as typeof error & { readonly reason?: string };
      return reply(409, 'refused', { error: 'refused', code, state: why, message: error.message });
    } finally {
      busy = false;
    }
  };
}

/** An order that was carried out is told of in any case. */
function stateOf(router: OperatedRouter): string {
  try {
    return router.topology().state;
  } catch {
    return 'unknown';
  }
}
