import type { Clock } from '@regionkit/core/kit';
import { AbortedError, NoPrimaryError, type NoPrimaryReason, RouterClosedError } from '../errors.ts';

/** Writes that wait for a primary, in the order they came. */
export interface HoldQueue {
  /**
   * Resolves when there is a primary, after everyone who came before.
   *
   * @param deadlineMs on the monotonic clock
   * @throws {NoPrimaryError | AbortedError | RouterClosedError} nothing was sent
   */
  wait(reason: () => NoPrimaryReason, deadlineMs: number, signal: AbortSignal | undefined): Promise<void>;
  /** There is a primary: everybody goes on. */
  release(): void;
  close(): void;
  readonly size: number;
}

export interface HoldQueueOptions {
  readonly clock: Clock;
  readonly max: number;
  onHold(waiting: number): void;
  onEnd(heldMs: number, by: 'primary' | 'timeout' | 'aborted' | 'closed'): void;
}

export function createHoldQueue(options: HoldQueueOptions): HoldQueue {
  const { clock } = options;
  const queue = new Set<(by: 'primary' | 'closed') => void>();
  let closed = false;

  const leave = (by: 'primary' | 'closed'): void => {
    for (const end of [...queue]) end(by);
  };

  return {
    wait: (reason, deadlineMs, signal) =>
      new Promise<void>((resolve, reject) => {
        const since = clock.now();
        if (closed) return reject(new RouterClosedError());
        if (signal?.aborted === true) return reject(new AbortedError());
        if (deadlineMs <= since)
          return reject(new NoPrimaryError(reason(), options.max === 0 ? 'not-held' : 'timed-out'));
        if (queue.size >= options.max)
          return reject(new NoPrimaryError(reason(), options.max === 0 ? 'not-held' : 'full'));
        const end = (by: 'primary' | 'timeout' | 'aborted' | 'closed'): void => {
          queue.delete(end);
          cancel();
          signal?.removeEventListener('abort', onAbort);
          options.onEnd(clock.now() - since, by);
          if (by === 'primary') resolve();
          else if (by === 'timeout') reject(new NoPrimaryError(reason(), 'timed-out'));
          else reject(by === 'aborted' ? new AbortedError() : new RouterClosedError());
        };
        const onAbort = (): void => end('aborted');
        const cancel = clock.schedule(() => end('timeout'), deadlineMs - since);
        signal?.addEventListener('abort', onAbort, { once: true });
        queue.add(end);
        options.onHold(queue.size);
      }),
    release: () => leave('primary'),
    close: () => {
      closed = true;
      leave('closed');
    },
    get size() {
      return queue.size;
    },
  };
}
