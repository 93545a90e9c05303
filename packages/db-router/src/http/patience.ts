import type { Clock } from '@regionkit/core/kit';

/**
 * How long one end of a transfer is waited for: `ms` in all, and the longer the more it moves, but never more than `ms` at
 * a time. A byte now and then buys next to nothing.
 */
export interface Patience {
  /** It is waited for, from now on. */
  wait(): void;
  /** It moved so many bytes, and is waited for no more. */
  moved(bytes: number): void;
  /** What is left, from 1 to 0: all of it while it is not waited for. */
  left(): number;
  /** It is waited for no more. Nothing else is told. */
  end(): void;
}

export function createPatience({
  clock,
  ms,
  bytesPerSecond,
  onOut,
}: {
  readonly clock: Clock;
  readonly ms: number;
  /** Whoever moves as many may be waited for as long as it likes. */
  readonly bytesPerSecond: number;
  readonly onOut: () => void;
}): Patience {
  let leftMs = ms;
  let sinceMs: number | undefined;
  let cancel: (() => void) | undefined;
  let ended = false;

  const nowLeftMs = (): number => leftMs - (sinceMs === undefined ? 0 : clock.now() - sinceMs);
  // One timer is kept while pieces come and go: most of them find it still running.
  const look = (): void => {
    cancel = undefined;
    if (ended || sinceMs === undefined) return;
    const now = nowLeftMs();
    if (now > 0) cancel = clock.schedule(look, now);
    else onOut();
  };

  return {
    wait: () => {
      if (ended || sinceMs !== undefined) return;
      sinceMs = clock.now();
      cancel ??= clock.schedule(look, leftMs);
    },
    moved: (bytes) => {
      leftMs = Math.min(ms, Math.max(0, nowLeftMs()) + (bytes * 1_000) / bytesPerSecond);
      sinceMs = undefined;
    },
    left: () => (sinceMs === undefined ? 1 : Math.max(0, nowLeftMs()) / ms),
    end: () => {
      ended = true;
      cancel?.();
    },
  };
}
