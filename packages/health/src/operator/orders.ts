import { isRegionKitError } from '@regionkit/core';
import type { OrderBody } from './order-body.ts';
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

/** Carries out one order at a time. Only the end of a pause does not wait for another order: a pause waits for writes. */
export function createOrders(
  router: OperatedRouter,
  onOrder: (ordered: Ordered) => void,
): (action: OperatorAction, given: Pick<OrderBody, 'reason' | 'pause'>) => Promise<Reply> {
  let busy = false;
  /** What it returns, the answer says besides. */
  const carryOut: Readonly<Record<OperatorAction, (given: Pick<OrderBody, 'reason' | 'pause'>) => unknown>> = {
    confirm: () => router.confirmPrimary(),
    reset: ({ reason }) => router.resetEpoch(reason),
    recycle: () => router.recycle(),
    pause: ({ pause }) => router.pauseWrites(pause),
    resume: () => ({ resumed: router.resumeWrites() }),
  };
  return async (action, given) => {
    const { reason } = given;
    const isAlone = action !== 'resume';
    if (busy && isAlone)
      return refusal(409, 'busy', 'Another order is being carried out. Nothing was done; try again.');
    if (isAlone) busy = true;
    try {
      const besides = (await carryOut[action](given)) as object | undefined;
      const state = stateOf(router);
      onOrder({ action, reason, outcome: 'done', state });
      return reply(200, action, { done: action, state, ...besides });
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
      if (isAlone) busy = false;
    }
  };
}

/** An order that was carried out is always reported. */
function stateOf(router: OperatedRouter): string {
  try {
    return router.topology().state;
  } catch {
    return 'unknown';
  }
}
