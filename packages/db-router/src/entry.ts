import { keepAlive } from '@regionkit/core/kit';
import type { Scope, Scopes } from './causality/scope.ts';

/**
 * On whose behalf something is done. Asked for once, where the app calls, and passed on from there: in the callback of a
 * pooled connection the current scope is that of the request that opened it.
 */
export interface Caller {
  readonly scope: Scope | undefined;
  /** Aborted when the scope ends or the caller goes away, whichever comes first. */
  readonly signal: AbortSignal | undefined;
}

/**
 * What every promise that is handed to the app goes through. It keeps the process alive until it settles, and its error
 * has a stack that leads to the code that asked.
 */
export type Entry = <T>(work: (caller: Caller) => Promise<T>, signal?: AbortSignal | undefined) => Promise<T>;

const NOBODY: Caller = { scope: undefined, signal: undefined };

export function createEntry({ current }: Pick<Scopes, 'current'>): Entry {
  return (work, signal) => {
    const scope = current();
    if (scope === undefined && signal === undefined) return awaited(work(NOBODY));
    if (scope?.signal === undefined || signal === undefined)
      return awaited(work({ scope, signal: signal ?? scope?.signal }));
    return awaited(withEither(scope.signal, signal, (either) => work({ scope, signal: either })));
  };
}

/** Works with a signal that follows both. `AbortSignal.any` would stay with the one that lives longer. */
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

/** As promise reactions without a closure: this is in the way of every statement. */
function awaited<T>(promise: Promise<T>): Promise<T> {
  keepAlive.begin();
  return promise.then(done, failed);
}

function done<T>(value: T): T {
  keepAlive.end();
  return value;
}

function failed(error: unknown): never {
  keepAlive.end();
  leadToCaller(error);
  throw error;
}

/** Errors whose stack already leads to the app. */
const traced = new WeakSet<Error>();

/** To be said of what the app itself has thrown: its stack is its own. */
export function keepStack(error: unknown): void {
  if (error instanceof Error) traced.add(error);
}

/**
 * What the server or a socket said was made in a callback of the socket, where no frame of the app is. Captured here, the
 * stack goes on with who awaits; its text is made only when it is read. node-postgres does the same.
 */
function leadToCaller(error: unknown): void {
  if (!(error instanceof Error) || traced.has(error) || !Object.isExtensible(error)) return;
  traced.add(error);
  Error.captureStackTrace(error, failed);
}
