export interface ScheduleInput {
  /** When the round began that this look was part of. */
  readonly fromMs: number;
  readonly everyMs: number;
  readonly jitter: number;
  /** From 0 to 1; one draw for all values of a round, so that they stay together and can be asked in one call. */
  readonly draw: number;
  readonly retryMs: number;
  /** How many looks in a row have failed. */
  readonly failures: number;
  /** An older version was told for the first time: it is soon asked for again. */
  readonly confirmMs: number | undefined;
}

/** When a value is looked at next: after its interval, or sooner after a failure. */
export function nextDueMs(input: ScheduleInput): number {
  const { fromMs, everyMs, jitter, draw, retryMs, failures, confirmMs } = input;
  const spread = 1 + jitter * (2 * draw - 1);
  const soonerMs = failures > 0 ? retryMs * 2 ** Math.min(failures - 1, 30) : (confirmMs ?? everyMs);
  return fromMs + Math.round(Math.min(everyMs, soonerMs) * spread);
}

/** The first look back: anywhere in the interval, since a fleet starts together. */
export function firstDueMs(fromMs: number, everyMs: number, draw: number): number {
  return everyMs === Number.POSITIVE_INFINITY ? everyMs : fromMs + everyMs * draw;
}
