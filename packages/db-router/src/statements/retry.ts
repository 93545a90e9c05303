import { type Backoff, group, integer, type OptionCheck } from '@regionkit/core/kit';
import { BACKOFF, DOUBLINGS } from './backoff.ts';

/** How often something is run, and how long to wait before it is run again. */
export interface RetryOptions {
  /** How often it may run, the first time included. */
  readonly attempts?: number;
  /**
   * The wait before it is run again because it conflicted with another transaction (40001, 40P01; see
   * https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html). It is a random part of a limit. The limit doubles each time.
   */
  readonly backoff?: {
    /** The first limit, in milliseconds. @default 10 */
    readonly baseMs?: number;
    /** The highest limit, in milliseconds. @default 32 times `baseMs` */
    readonly maxMs?: number;
  };
}

/** The options with all defaults. */
export interface Retry {
  readonly attempts: number;
  readonly backoff: Backoff;
}

const MAX_MS = 3_600_000;

/** @param attempts the default */
export function readRetry(attempts: number): OptionCheck<Retry> {
  const byDefault: Retry = { attempts, backoff: BACKOFF };
  const read = group<Retry>({
    attempts: integer(attempts, { min: 1, max: 1_000 }),
    backoff: group<Backoff>({
      baseMs: integer(BACKOFF.baseMs, { max: 60_000 }),
      maxMs: (option, given, { baseMs }) =>
        integer(baseMs * 2 ** DOUBLINGS, { min: baseMs, max: MAX_MS })(option, given),
    }),
  });
  // Most calls give none: they must not pay for the checks.
  return (option, given) => (given === undefined ? byDefault : read(option, given));
}
