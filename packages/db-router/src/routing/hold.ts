import type { Clock } from '@regionkit/core/kit';
import { AbortedError, type NodeSituation, NoPrimaryError, RouterClosedError } from '../errors.ts';
import { inThisContext } from '../in-this-context.ts';
import type { HoldEnd, NoPrimaryReason } from '../reasons.ts';

/** Writes that wait for a primary, in order of arrival. */
export interface HoldQueue {
  /**
   * Resolves when there is a primary, after all earlier waiters.
   *
   * @param deadlineMs on the monotonic clock
   * @throws {NoPrimaryError | AbortedError | RouterClosedError} Nothing was sent.
   */
  wait(reason: () => NoPrimaryReason, deadlineMs: number, signal: AbortSignal | undefined): Promise<void>;
  /** There is a primary. All waiters continue. */
  release(): void;
  /** Waiting no longer helps. All waiters are rejected. */
  giveUp(): void;
  close(): void;
  readonly size: number;
}

export interface HoldQueueOptions {
  readonly clock: Clock;
  readonly max: number;
  /** Whether waiting cannot help. */
  isInVain(): boolean;
  /** Why a database cannot be probed. */
  cause(): unknown;
  /** The situation of every node, for the error. */
  nodes(): readonly NodeSituation[];
  onHold(waiting: number): void;
  onEnd(heldMs: number, by: HoldEnd): void;
}

export function createHoldQueue(options: HoldQueueOptions): HoldQueue {
  const { clock } = options;
  const queue = new Set<(by: HoldEnd) => void>();
  let closed = false;

  const leave = (by: HoldEnd): void => {
    for (const end of [...queue]) end(by);
  };

  return {
    wait: (reason, deadlineMs, signal) =>
      new Promise<void>((resolve, reject) => {
        const since = clock.now();
        if (closed) return reject(new RouterClosedError());
        if (signal?.aborted === true) return reject(new AbortedError());
        const refuse = (held: 'timed-out' | 'full' | 'not-held' | 'in-vain'): void =>
          reject(new NoPrimaryError(reason(), held, options.cause(), options.nodes()));
        if (options.isInVain()) return refuse('in-vain');
        if (deadlineMs <= since) return refuse(options.max === 0 ? 'not-held' : 'timed-out');
        if (queue.size >= options.max) return refuse(options.max === 0 ? 'not-held' : 'full');
        // Another request, or a timer, may release it.
        const end = inThisContext((by: HoldEnd): void => {
          queue.delete(end);
          cancel();
          signal?.removeEventListener('abort', onAbort);
          options.onEnd(clock.now() - since, by);
          if (by === 'primary') resolve();
          else if (by === 'timeout') refuse('timed-out');
          else if (by === 'in-vain') refuse('in-vain');
          else reject(by === 'aborted' ? new AbortedError() : new RouterClosedError());
        });
        const onAbort = (): void => end('aborted');
        const cancel = clock.schedule(() => end('timeout'), deadlineMs - since);
        signal?.addEventListener('abort', onAbort, { once: true });
        queue.add(end);
        options.onHold(queue.size);
      }),
    release: () => leave('primary'),
    giveUp: () => leave('in-vain'),
    close: () => {
      closed = true;
      leave('closed');
    },
    get size() {
      return queue.size;
    },
  };
}
