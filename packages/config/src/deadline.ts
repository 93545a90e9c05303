import type { Clock } from '@regionkit/core/kit';
import { SourceError } from './failure.ts';

export interface Deadline {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Also ends the wait: the config is closed. */
  readonly signal: AbortSignal;
}

/**
 * Returns the result of `work` within `timeoutMs`. The signal of the work is aborted at the deadline, but the wait ends
 * even if the work ignores it, as an SDK does that is stuck in its credential provider.
 *
 * @throws {SourceError} `timeout`: the deadline has passed, or `signal` was aborted.
 */
export function withDeadline<T>(
  { clock, timeoutMs, signal }: Deadline,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const own = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', expire);
    };
    const expire = (): void => {
      end();
      reject(new SourceError('timeout'));
      own.abort();
    };
    const cancel = clock.schedule(expire, timeoutMs);
    if (signal.aborted) return expire();
    signal.addEventListener('abort', expire);
    (async () => work(own.signal))().then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}
