import type { Clock } from '@regionkit/core/kit';
import { afterCheck, type Checker, countHealthy, isHealthy, NEW_CHECKER } from './checker-state.ts';
import { type FailoverTimes, type Milestones, splitFailover } from './failover-times.ts';

/** The state of one region's endpoint in the DNS. */
export interface EndpointStatus {
  readonly healthy: boolean;
  readonly healthyCheckers: number;
  readonly checkers: number;
}

/**
 * One region's endpoint: the results of its checkers, and the connections that the DNS still sends there after it has
 * become unhealthy.
 */
export interface Endpoint {
  readonly status: EndpointStatus;
  /** Records the result of a check. @returns whether the state of the endpoint changed */
  recordCheck(checker: number, passed: boolean): boolean;
  /** Records that a resolver sent a connection here. */
  recordConnection(): void;
  failoverTimes(sinceMs: number): FailoverTimes | undefined;
}

export interface EndpointOptions {
  readonly checkers: number;
  readonly failureThreshold: number;
  readonly clock: Clock;
}

export function createEndpoint({ checkers: count, failureThreshold, clock }: EndpointOptions): Endpoint {
  const checkers: Checker[] = Array.from({ length: count }, () => NEW_CHECKER);
  let healthy = true;
  let lastPassedAtMs = Number.NEGATIVE_INFINITY;
  let left: Milestones | undefined;

  return {
    get status() {
      return { healthy, healthyCheckers: countHealthy(checkers), checkers: checkers.length };
    },
    recordCheck: (at, passed) => {
      if (passed) lastPassedAtMs = clock.now();
      checkers[at] = afterCheck(checkers[at] as Checker, passed, failureThreshold);
      if (isHealthy(checkers) === healthy) return false;
      healthy = !healthy;
      const now = clock.now();
      if (!healthy) left = { lastPassedAtMs, turnedAtMs: now, lastConnectedAtMs: now };
      return true;
    },
    recordConnection: () => {
      if (!healthy && left !== undefined) left = { ...left, lastConnectedAtMs: clock.now() };
    },
    failoverTimes: (sinceMs) =>
      left === undefined || left.turnedAtMs < sinceMs ? undefined : splitFailover(left, sinceMs),
  };
}
