import type { Clock } from '@regionkit/core/kit';

/**
 * How long to wait for one end of a transfer: `ms` in total, and longer the more it sends or reads, but never more than
 * `ms` at once. A byte now and then gains almost nothing.
 */
export interface Patience {
  /** The wait begins. */
  wait(): void;
  /** It has moved this many bytes. The wait ends. */
  moved(bytes: number): void;
  /**
   * The remaining share of the wait, from 1 to 0, by which clients are compared when another one needs the place. It stays 1
   * while the client is not waited for, or moves {@link HASTE} times as many bytes.
   */
  left(): number;
  /** Ends it. Nothing else is called. */
  end(): void;
}

/**
 * A client that keeps exactly to the lowest rate is never ended, and could hold its place as long as it likes while faster
 * clients find none. When places are short, a client needs this many times the rate.
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
  /** An end that moves this much may take as long as it needs. */
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
  // One timer serves many short waits. Most of them find it still running.
  const check = (): void => {
    cancel = undefined;
    if (ended || sinceMs === undefined) return;
    const now = nowLeft(leftMs);
    if (now > 0) cancel = clock.schedule(check, now);
    else onOut();
  };

  return {
    wait: () => {
      if (ended || sinceMs !== undefined) return;
      sinceMs = clock.now();
      cancel ??= clock.schedule(check, leftMs);
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
