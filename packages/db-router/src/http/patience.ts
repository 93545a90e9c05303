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
  /**
   * What is left where others need the place, from 1 to 0: all of it while it is not waited for, and with one that moves
   * {@link HASTE} times as many bytes.
   */
  left(): number;
  /** It is waited for no more. Nothing else is told. */
  end(): void;
}

/**
 * Who keeps to the lowest rate is never given up, and would hold its place for as long as it likes while faster clients
 * find none. So where places are short this many times the rate is asked for.
 */
export const HASTE = 16;

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
  let spareMs = ms;
  let sinceMs: number | undefined;
  let cancel: (() => void) | undefined;
  let ended = false;

  const nowLeft = (left: number): number => left - (sinceMs === undefined ? 0 : clock.now() - sinceMs);
  const after = (left: number, boughtMs: number): number => Math.min(ms, Math.max(0, nowLeft(left)) + boughtMs);
  // One timer is kept while pieces come and go: most of them find it still running.
  const look = (): void => {
    cancel = undefined;
    if (ended || sinceMs === undefined) return;
    const now = nowLeft(leftMs);
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
      const boughtMs = (bytes * 1_000) / bytesPerSecond;
      leftMs = after(leftMs, boughtMs);
      spareMs = after(spareMs, boughtMs / HASTE);
      sinceMs = undefined;
    },
    left: () => (sinceMs === undefined ? 1 : after(spareMs, 0) / ms),
    end: () => {
      ended = true;
      cancel?.();
    },
  };
}
