/** The limits of a wait before something is run again, in milliseconds. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

export const DOUBLINGS = 5;
export const BACKOFF: Backoff = { baseMs: 10, maxMs: 10 * 2 ** DOUBLINGS };

/**
 * Returns how long to wait before a transaction that conflicted with another one is run again: a random part of a limit
 * that doubles each time, so that the two do not conflict again.
 *
 * @param run how often it was run again before; from 0
 * @param random from 0 to 1
 */
export function backoffMs(run: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  return random() * Math.min(baseMs * 2 ** Math.min(run, 30), maxMs);
}
