import type { Clock } from '@regionkit/core/kit';
import { afterLook, type Checker, countHealthy, isHealthy, NEW_CHECKER } from './checker.ts';
import { type Departure, type Milestones, splitDeparture } from './departure.ts';

/** What the DNS makes of one region's endpoint. */
export interface EndpointStatus {
  readonly healthy: boolean;
  readonly healthyCheckers: number;
  readonly checkers: number;
}

/** One region's endpoint: what its checkers found, and who was still led there after it had turned unhealthy. */
export interface Endpoint {
  readonly status: EndpointStatus;
  /** Takes a look into account. @returns whether the endpoint turned by it */
  looked(checker: number, passed: boolean): boolean;
  /** A connection was led here. */
  led(): void;
  departure(sinceMs: number): Departure | undefined;
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
    looked: (at, passed) => {
      if (passed) lastPassedAtMs = clock.now();
      checkers[at] = afterLook(checkers[at] as Checker, passed, failureThreshold);
      if (isHealthy(checkers) === healthy) return false;
      healthy = !healthy;
      const now = clock.now();
      if (!healthy) left = { lastPassedAtMs, turnedAtMs: now, lastLedAtMs: now };
      return true;
    },
    led: () => {
      if (!healthy && left !== undefined) left = { ...left, lastLedAtMs: clock.now() };
    },
    departure: (sinceMs) =>
      left === undefined || left.turnedAtMs < sinceMs ? undefined : splitDeparture(left, sinceMs),
  };
}
