/** The time of a DNS failover, from the fault to the last connection to the region, by cause. In milliseconds. */
export interface FailoverTimes {
  /** The part of the app: until its health endpoint passed for the last time. 0 for a process that was killed. */
  readonly appMs: number;
  /** The time that the checkers needed: until enough of them had seen enough failures in a row. About interval × threshold. */
  readonly checkersMs: number;
  /** The part of the caches: until the last connection through a cached answer. At most the TTL plus the slack. */
  readonly cachesMs: number;
  /** The sum of the three parts. */
  readonly totalMs: number;
}

/** The three moments of a failover, on one clock. */
export interface Milestones {
  readonly lastPassedAtMs: number;
  readonly turnedAtMs: number;
  readonly lastConnectedAtMs: number;
}

/**
 * A part is 0 if the last passed check was before the fault, or if no connection came after the endpoint became
 * unhealthy.
 */
export function splitFailover(
  { lastPassedAtMs, turnedAtMs, lastConnectedAtMs }: Milestones,
  sinceMs: number,
): FailoverTimes {
  const passedUntilMs = Math.max(sinceMs, lastPassedAtMs);
  const endMs = Math.max(turnedAtMs, lastConnectedAtMs);
  return {
    appMs: passedUntilMs - sinceMs,
    checkersMs: turnedAtMs - passedUntilMs,
    cachesMs: endMs - turnedAtMs,
    totalMs: endMs - sinceMs,
  };
}
