import { AsyncResource } from 'node:async_hooks';
import type { NextDecision, NodeRequest } from '../http/decision.ts';
import { reportFailure } from './failure.ts';
import type { NodeView } from './node-view.ts';

/**
 * Runs the rest of a request inside the scope of `decision`, exactly once, even if the scope does not call `run`. With
 * the view of a Node request its events are emitted inside, too.
 */
export function inScope<T>(decision: NextDecision, run: () => T, view?: NodeView): T {
  let state: 'before' | 'returned' | 'thrown' = 'before';
  let result: unknown;
  const once = (): T => {
    if (state === 'before') {
      try {
        result = view === undefined ? run() : runWithEvents(view, run);
        state = 'returned';
      } catch (error) {
        result = error;
        state = 'thrown';
      }
    }
    if (state === 'thrown') throw result;
    return result as T;
  };
  try {
    decision.scope?.(once);
  } catch (error) {
    if ((state as string) !== 'thrown') reportFailure('scope', error);
  }
  return once();
}

/**
 * The events of a Node request do not know the scope, so a parser that calls back from one would leave it. Therefore the
 * events of a request with a body are emitted inside the scope. Without a body nothing is left to arrive: only the
 * listeners that are added at once wait for an event that comes from outside. Keeping the scope for events is dear,
 * because Node tells every `AsyncLocalStorage` of it.
 */
function runWithEvents<T>(view: NodeView, run: () => T): T {
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

/** `data` only comes with a body. */
function isListenedTo(request: NodeRequest): boolean {
  return (
    request.listenerCount('end') > 0 ||
    request.listenerCount('readable') > 0 ||
    request.listenerCount('close') > 0 ||
    request.listenerCount('error') > 0 ||
    request.listenerCount('aborted') > 0
  );
}
