import { AsyncResource } from 'node:async_hooks';
import type { NextDecision, NodeRequest } from '../http/decision.ts';
import { reportFailure } from './failure.ts';

/** Runs the rest of a request inside the scope of `decision`, exactly once, even if the scope does not call `run`. */
export function inScope<T>(decision: NextDecision, run: () => T): T {
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  const once = (): T => {
    if (outcome === undefined) {
      try {
        outcome = { value: run() };
      } catch (error) {
        outcome = { error };
      }
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
  try {
    decision.scope?.(once);
  } catch (error) {
    if (outcome === undefined || !('error' in outcome)) reportFailure('scope', error);
  }
  return once();
}

/**
 * The same for a Node request. Its body arrives on events that do not know the scope, so a parser that calls back from
 * such an event would leave it. Therefore the events of the request are emitted inside the scope.
 */
export function inNodeScope<T>(decision: NextDecision, request: NodeRequest, run: () => T): T {
  if (decision.scope === undefined) return run();
  return inScope(decision, () => {
    const resource = new AsyncResource('regionkit.request');
    const { emit } = request;
    request.emit = (...args: Parameters<typeof emit>) => resource.runInAsyncScope(emit, request, ...args);
    return run();
  });
}
