import { setTimeout as pause } from 'node:timers/promises';
import { checks, type Health } from '@regionkit/health';
import type { Express } from 'express';
import type { Release } from '../settings.ts';

/** Every fiftieth request: 2 %. */
const ERROR_EVERY = 50;
/**
 * One request in ten. It is far above what a busy machine does, and below the five seconds that a smoke test waits: what
 * finds it must be the 99th percentile, not one request.
 */
const SLOW_EVERY = 10;
const SLOW_MS = 3_500;
const P99_FAIL_MS = 2_500;

/** What a version adds to the app of the demo: a check of its 99th percentile, and its fault. */
export function addRelease(app: Express, health: Health, { fault }: Release): void {
  // Its windows are shorter than the default, because an observation here is shorter than five minutes.
  health.check('p99', checks.latency({ warnMs: P99_FAIL_MS, failMs: P99_FAIL_MS, windowMs: 500 }), {
    scope: 'relative',
  });
  let requests = 0;
  app.use((_request, response, next) => {
    requests += 1;
    if (fault === 'errors' && requests % ERROR_EVERY === 0)
      return void response.status(500).json({ outcome: 'rejected' });
    if (fault === 'slow' && requests % SLOW_EVERY === 0) return void pause(SLOW_MS).then(() => next());
    next();
  });
}
