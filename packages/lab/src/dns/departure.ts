/** How long it took until nobody was led to a region any more, and where the time went. In milliseconds. */
export interface Departure {
  /** The app's own part: until its health endpoint passed for the last time. A process that was killed takes none. */
  readonly oursMs: number;
  /** Until enough checkers had seen enough failures in a row: about interval × threshold. */
  readonly checkersMs: number;
  /** Until the last connection was led there by an answer some client still held: up to the TTL, and the slack. */
  readonly cachesMs: number;
  /** The sum: from the fault to the last connection. */
  readonly totalMs: number;
}

/** The three moments of a departure, on one clock. */
export interface Milestones {
  readonly lastPassedAtMs: number;
  readonly turnedAtMs: number;
  readonly lastLedAtMs: number;
}

/** A look that had passed before the fault, or nobody being led there after the turn, makes its part 0. */
export function splitDeparture({ lastPassedAtMs, turnedAtMs, lastLedAtMs }: Milestones, sinceMs: number): Departure {
  const untrueUntilMs = Math.max(sinceMs, lastPassedAtMs);
  const endMs = Math.max(turnedAtMs, lastLedAtMs);
  return {
    oursMs: untrueUntilMs - sinceMs,
    checkersMs: turnedAtMs - untrueUntilMs,
    cachesMs: endMs - turnedAtMs,
    totalMs: endMs - sinceMs,
  };
}
