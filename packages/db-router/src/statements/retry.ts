import { check, type OptionCheck, readOptions, withDefault } from '@regionkit/core/kit';
import { BACKOFF, type Backoff, DOUBLINGS } from './backoff.ts';

/** How often something is run, and how long to wait before it is run again. */
export interface RetryOptions {
  /** How often it may run, the first time included. */
  readonly attempts?: number;
  /**
   * The wait before it is run again because it conflicted with another transaction (40001, 40P01). It is a random part of
   * a limit. The limit doubles each time.
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

const readBackoff: OptionCheck<Backoff> = (option, given: RetryOptions['backoff']) => {
  if (given === undefined) return BACKOFF;
  const { baseMs = BACKOFF.baseMs, maxMs = baseMs * 2 ** DOUBLINGS } = check.object(option, given, ['baseMs', 'maxMs']);
  check.integer(`${option}.baseMs`, baseMs, { max: 60_000 });
  return { baseMs, maxMs: check.integer(`${option}.maxMs`, maxMs, { min: baseMs, max: MAX_MS }) };
};

/** @param attempts the default */
export function readRetry(attempts: number): OptionCheck<Retry> {
  const byDefault = { attempts, backoff: BACKOFF };
  const table = {
    attempts: withDefault(attempts, (option, given) => check.integer(option, given, { min: 1, max: 1_000 })),
    backoff: readBackoff,
  };
  return (option, given: RetryOptions | undefined) =>
    given === undefined ? byDefault : readOptions<Retry>(option, `${option}.`, given, table);
}
