import type { Clock } from '@regionkit/core/kit';
import { SourceError } from './failure.ts';

export interface Deadline {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the wait as well: the config is closed. */
  readonly signal: AbortSignal;
}

/**
 * What `work` gives within `timeoutMs`. The work's own signal is aborted at the deadline, but not trusted: an SDK that
 * is stuck in its credential provider does not hear it, so the wait ends by itself.
 *
 * @throws {SourceError} `timeout`: the deadline has passed or `signal` was aborted.
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
