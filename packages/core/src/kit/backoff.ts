/** The limits of a wait before something is run again, in milliseconds. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Returns the limit of one wait: `baseMs` at first, and double each time, up to `maxMs`. The caller adds the jitter.
 *
 * @param waits how many waits came before; from 0
 */
export function backoffLimitMs(waits: number, { baseMs, maxMs }: Backoff): number {
  return Math.min(baseMs * 2 ** Math.min(waits, 30), maxMs);
}
