import { setMaxListeners } from 'node:events';
import { keepAlive } from '@regionkit/core/kit';
import type { Scopes } from './causality/scope.ts';
import type { Scope } from './causality/scope-state.ts';

/**
 * Who runs a statement, with its scope and signal. It is determined once, where the app calls, and passed on: in the
 * callback of a pooled connection the current scope belongs to the request that opened the connection.
 */
export interface Caller {
  readonly scope: Scope | undefined;
  /** Aborted when the scope ends or the client disconnects. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Every promise that the app gets is made by this function. It keeps the process alive until the promise settles, and
 * the error's stack leads to the calling code.
 */
export type Entry = <T>(
  work: (caller: Caller) => Promise<T>,
  signal?: AbortSignal | undefined,
  reactions?: Reactions,
) => Promise<T>;

/**
 * Rejects the promise of a call that a callback of a connection cannot end. The callback runs in the async context of the
 * connection, which may be the one of another request. So it does not go on itself: the reaction to this rejection does,
 * because it runs in the context of the caller. A call that succeeds at once pays nothing for it.
 */
export class Unfinished {
  /** Does the rest of the call. */
  readonly goOn: () => Promise<unknown>;

  constructor(goOn: () => Promise<unknown>) {
    this.goOn = goOn;
  }
}

/** What happens when a call settles. Made once and not for each call, because every statement runs through it. */
export interface Reactions {
  readonly done: <T>(value: T) => T;
  readonly failed: (error: unknown) => Promise<never>;
}

/**
 * @param errorOf returns the error that the app gets
 * @param onDone called in place of `onEnd` if the call succeeds
 */
export function createReactions(
  onEnd: () => void = () => {},
  errorOf: (error: unknown) => unknown = (error) => error,
  onDone: () => void = onEnd,
): Reactions {
  const done = <T>(value: T): T => {
    keepAlive.end();
    onDone();
    return value;
  };
  const failed = (error: unknown): Promise<never> => {
    if (error instanceof Unfinished) {
      // One promise more: a stack leads on only if this one was returned before the rest fails.
      const rest = new Promise<unknown>((resolve) => resolve(error.goOn()));
      return rest.then(done, failed) as Promise<never>;
    }
    keepAlive.end();
    onEnd();
    const given = errorOf(error);
    leadToCaller(given, failed);
    throw given;
  };
  return { done, failed };
}

const PLAIN = createReactions();

const NO_CALLER: Caller = { scope: undefined, signal: undefined };

export function createEntry({ current }: Pick<Scopes, 'current'>): Entry {
  return (work, signal, reactions = PLAIN) => {
    const scope = current();
    if (scope === undefined && signal === undefined) return awaited(work(NO_CALLER), reactions);
    if (scope?.signal === undefined || signal === undefined) {
      const one = signal ?? scope?.signal;
      expectMany(one);
      return awaited(work({ scope, signal: one }), reactions);
    }
    expectMany(scope.signal);
    expectMany(signal);
    return awaited(
      withEither(scope.signal, signal, (either) => work({ scope, signal: either })),
      reactions,
    );
  };
}

/** Any number of statements can wait on one signal at the same time. Node would report a leak at the eleventh. */
function expectMany(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}

/** Works with a signal that follows both. `AbortSignal.any` would keep a reference in the longer-lived one. */
async function withEither<T>(
  first: AbortSignal,
  second: AbortSignal,
  work: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const abort = (): void => either.abort();
  for (const signal of [first, second]) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  }
  try {
    return await work(either.signal);
  } finally {
    for (const signal of [first, second]) signal.removeEventListener('abort', abort);
  }
}

/** Keeps the process alive until `promise` has settled, and lets the reactions follow it. */
export function awaited<T>(promise: Promise<T>, { done, failed }: Reactions): Promise<T> {
  keepAlive.begin();
  return promise.then(done, failed);
}

/** Errors whose stack already leads to the app. */
const traced = new WeakSet<Error>();

/** Marks an error that the app itself has thrown. Its stack stays. */
export function keepStack(error: unknown): void {
  if (error instanceof Error) traced.add(error);
}

/**
 * An error of the server or a socket is created in a callback of the socket, without a frame of the app. Captured here,
 * the stack continues with the awaiting code. Its text is made only when it is read. node-postgres does the same.
 */
function leadToCaller(error: unknown, from: Reactions['failed']): void {
  if (!(error instanceof Error) || traced.has(error) || !Object.isExtensible(error)) return;
  traced.add(error);
  Error.captureStackTrace(error, from);
}
