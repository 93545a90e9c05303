import { type Clock, createRoster } from '@regionkit/core/kit';

/** Waits for nodes to reach positions. All waiters of a node share one query, so a thousand cost the same as one. */
export interface Watcher {
  /** Returns true if `reached` returned true in time, and false at the timeout or if `signal` aborts. */
  wait(index: number, reached: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  /** The state of the nodes has changed. Check the waiters. */
  notify(): void;
  /** Whether a read waits for this node. It is probed more often then. */
  watches(index: number): boolean;
  close(): void;
}

interface Waiter {
  readonly index: number;
  readonly reached: () => boolean;
  readonly end: (reached: boolean) => void;
}

export function createWatcher(options: { readonly clock: Clock; onWatch(index: number): void }): Watcher {
  const waiters = createRoster<Waiter>();
  const counts = new Map<number, number>();
  const count = (index: number, by: number): number => {
    const next = (counts.get(index) ?? 0) + by;
    counts.set(index, next);
    return next;
  };

  return {
    wait: (index, reached, timeoutMs, signal) =>
      new Promise<boolean>((resolve) => {
        const end = (result: boolean): void => {
          if (!remove()) return;
          count(index, -1);
          cancel();
          signal?.removeEventListener('abort', leave);
          resolve(result);
        };
        const leave = (): void => end(false);
        const waiter: Waiter = { index, reached, end };
        const cancel = options.clock.schedule(leave, timeoutMs);
        signal?.addEventListener('abort', leave);
        const remove = waiters.add(waiter);
        if (count(index, 1) === 1) options.onWatch(index);
      }),
    notify: () => {
      for (const waiter of waiters.all()) if (waiter.reached()) waiter.end(true);
    },
    watches: (index) => (counts.get(index) ?? 0) > 0,
    close: () => {
      for (const waiter of waiters.all()) waiter.end(false);
    },
  };
}
