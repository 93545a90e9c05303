import { AsyncResource } from 'node:async_hooks';
import type { NextDecision, NodeRequest } from '../http/decision.ts';
import { reportFailure } from './failure.ts';
import type { NodeView } from './node-view.ts';

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
 * The same for a Node request. Its events do not know the scope, so a parser that calls back from one would leave it.
 * Therefore the events of a request with a body are emitted inside the scope. Without a body nothing is left to arrive:
 * only the listeners that are added at once wait for an event that comes from outside. Keeping the scope for events is
 * dear, because Node tells every `AsyncLocalStorage` of it.
 */
export function inNodeScope<T>(decision: NextDecision, view: NodeView, run: () => T): T {
  if (decision.scope === undefined) return run();
  return inScope(decision, () => {
    const { raw } = view;
    if (mayHaveBody(view)) {
      emitInside(raw);
      return run();
    }
    try {
      return run();
    } finally {
      if (isListenedTo(raw)) emitInside(raw);
    }
  });
}

/** Emits the events of a request in the context of this call. */
function emitInside(request: NodeRequest): void {
  const resource = new AsyncResource('regionkit.request');
  const { emit } = request;
  request.emit = (...args: Parameters<typeof emit>) => resource.runInAsyncScope(emit, request, ...args);
}

/** RFC 9112 section 6.3: without these fields a request has none. HTTP/2 does not say it in fields. */
function mayHaveBody(view: NodeView): boolean {
  return (
    view.raw.httpVersionMajor !== 1 ||
    view.header('content-length').length > 0 ||
    view.header('transfer-encoding').length > 0
  );
}

function isListenedTo(request: NodeRequest): boolean {
  return EVENTS.some((name) => request.listenerCount(name) > 0);
}

const EVENTS = ['data', 'end', 'readable', 'close', 'error', 'aborted'] as const;
