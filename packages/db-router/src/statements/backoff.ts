import { type Backoff, backoffLimitMs } from '@regionkit/core/kit';

export const DOUBLINGS = 5;
export const BACKOFF: Backoff = { baseMs: 10, maxMs: 10 * 2 ** DOUBLINGS };

/**
 * Returns how long to wait before a transaction that conflicted with another one is run again: a random part of a limit
 * that doubles each time, so that the two do not conflict again.
 *
 * @param run how often it was run again before; from 0
 * @param random from 0 to 1
 */
export function backoffMs(run: number, backoff: Backoff, random: () => number): number {
  return random() * backoffLimitMs(run, backoff);
}
