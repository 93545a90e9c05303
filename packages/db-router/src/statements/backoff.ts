export const BACKOFF_MS = 10;
const MOST_DOUBLINGS = 5;

/**
 * Returns how long to wait before a transaction that conflicted with another one is run again: a random part of a limit
 * that doubles each time, so that the two do not conflict again.
 *
 * @param run how often it was run again before; from 0
 * @param random from 0 to 1
 */
export function backoffMs(run: number, baseMs: number, random: () => number): number {
  return random() * baseMs * 2 ** Math.min(run, MOST_DOUBLINGS);
}
