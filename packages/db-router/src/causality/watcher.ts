import type { Clock } from '@regionkit/core/kit';

/**
 * Everybody who waits for a node to reach a position, over one shared question to it: a thousand waiters cost what one
 * does.
 */
export interface Watcher {
  /** True when `reached` said so in time; false when time is up, or `signal` aborts. */
  wait(index: number, reached: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Something new is known of the nodes: ask the waiters. */
  notify(): void;
  /** Whether anybody waits for this node: it is then looked at often. */
  watches(index: number): boolean;
  close(): void;
}

interface Waiter {
  readonly index: number;
  readonly reached: () => boolean;
  readonly end: (reached: boolean) => void;
}

export function createWatcher(options: { readonly clock: Clock; onWatch(index: number): void }): Watcher {
  const waiters = new Set<Waiter>();
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
          if (!waiters.delete(waiter)) return;
          count(index, -1);
          cancel();
          signal?.removeEventListener('abort', leave);
          resolve(result);
        };
        const leave = (): void => end(false);
        const waiter: Waiter = { index, reached, end };
        const cancel = options.clock.schedule(leave, timeoutMs);
        signal?.addEventListener('abort', leave);
        waiters.add(waiter);
        if (count(index, 1) === 1) options.onWatch(index);
      }),
    notify: () => {
      for (const waiter of waiters) if (waiter.reached()) waiter.end(true);
    },
    watches: (index) => (counts.get(index) ?? 0) > 0,
    close: () => {
      for (const waiter of waiters) waiter.end(false);
    },
  };
}
