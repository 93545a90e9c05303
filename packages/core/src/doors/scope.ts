import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { NextDecision } from '../http/decision.ts';
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
 * The events of a Node request do not know the scope, so a parser that calls back from one would leave it. Therefore they
 * are emitted inside the scope. Keeping the scope for events is dear, because Node tells every `AsyncLocalStorage` of it.
 * Without a body nothing is left to arrive, so the scope is kept only when something listens.
 */
function runWithEvents<T>(view: NodeView, run: () => T): T {
  // The compatibility API of http2 has the same methods. Only the types differ.
  const request = view.raw as IncomingMessage;
  if (mayHaveBody(view)) emitInside(request);
  else emitInsideOnceHeard(request);
  return run();
}

/** The context that the events of a request are emitted in. Two copies of this package share it. */
const CONTEXT = Symbol.for('regionkit.events');

type Emitter = IncomingMessage & { [CONTEXT]?: AsyncResource };

/**
 * Emits the events of a request in the context of this call. A later call replaces the context: the scope of another door
 * is inside the scope of this one.
 */
function emitInside(request: Emitter): void {
  const isInside = request[CONTEXT] !== undefined;
  request[CONTEXT] = new AsyncResource('regionkit.request');
  if (isInside) return;
  const { emit } = request;
  request.emit = (...args: Parameters<typeof emit>) =>
    (request[CONTEXT] as AsyncResource).runInAsyncScope(emit, request, ...args);
}

/**
 * Emits the events of a request in the context in which the first listener is added. Without it, an event would be in the
 * scope of another request: answers that wait on one connection are written in the scope of the first.
 */
function emitInsideOnceHeard(request: Emitter): void {
  const { on } = request;
  const listen: typeof on = (event, listener) => {
    if (listener?.name !== OF_NODE) {
      request.on = on;
      request.addListener = on;
      emitInside(request);
    }
    return on.call(request, event, listener);
  };
  request.on = listen;
  request.addListener = listen;
}

/**
 * The name of a listener that Node adds to nearly every request when its answer has ended. It runs no code of the app, so
 * it needs no scope. If Node renames it, each request only costs more.
 */
const OF_NODE = 'clearIncoming';

/**
 * [RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3): without these fields a request has none.
 * HTTP/2 does not say it in fields.
 */
function mayHaveBody(view: NodeView): boolean {
  return (
    view.raw.httpVersionMajor !== 1 ||
    view.header('content-length').length > 0 ||
    view.header('transfer-encoding').length > 0
  );
}
