import { systemClock } from '@regionkit/core/kit';

/** The reason of a call that took longer. */
export const TIMED_OUT: unique symbol = Symbol('timed out');

/** Ends a call after `timeoutMs`, also if the called function ignores the signal. Rejects with {@link TIMED_OUT} then. */
export async function bounded<T>(timeoutMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const cancel = systemClock.schedule(() => {
      reject(TIMED_OUT);
      abort.abort();
    }, timeoutMs);
    call(abort.signal).then(resolve, reject).finally(cancel);
  });
}
