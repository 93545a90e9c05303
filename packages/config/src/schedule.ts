import { type Backoff, backoffLimitMs } from '@regionkit/core/kit';

export interface ScheduleInput {
  /** When the round of this refresh began. */
  readonly fromMs: number;
  readonly everyMs: number;
  readonly jitter: number;
  /** From 0 to 1. One random number for all values of a round, so that they stay together and can share a call. */
  readonly draw: number;
  readonly backoff: Backoff;
  /** How many refreshes in a row have failed. */
  readonly failures: number;
  /** Set if an older version arrived for the first time: refresh again soon to confirm it. */
  readonly confirmMs: number | undefined;
}

/** Returns when a value is refreshed next: after its interval, or sooner after a failure. */
export function nextDueMs(input: ScheduleInput): number {
  const { fromMs, everyMs, jitter, draw, backoff, failures, confirmMs } = input;
  const spread = 1 + jitter * (2 * draw - 1);
  const soonerMs = failures > 0 ? backoffLimitMs(failures - 1, backoff) : (confirmMs ?? everyMs);
  return fromMs + Math.round(Math.min(everyMs, soonerMs) * spread);
}

/** The first refresh is at a random time of the interval, because the processes of a fleet start together. */
export function firstDueMs(fromMs: number, everyMs: number, draw: number): number {
  return everyMs === Number.POSITIVE_INFINITY ? everyMs : fromMs + everyMs * draw;
}
