import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { RequestView } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Check } from './check.ts';
import { grade } from './result.ts';

/** The limits of {@link latencyCheck}. */
export interface LatencyOptions {
  readonly warnMs: number;
  readonly failMs: number;
  /** With fewer requests than this there is nothing to judge, and it passes. @default 100 */
  readonly minSamples?: number;
  /** What is judged is the last one to two windows. @default 15_000 */
  readonly windowMs?: number;
  /** @default 99 */
  readonly percentile?: number;
  /** Requests to leave out: long polls, say. @default none */
  readonly ignore?: (request: RequestView) => boolean;
  /** What to do with requests whose client went away. They may have gone because it was slow. @default 'count' */
  readonly aborted?: 'count' | 'ignore';
}

const MAX_US = 3_600_000_000;

/**
 * How long the app's own handlers take to the head of their answers, as the health middleware sees it. Requests that a
 * health route, affinity, the session or the gate answered, and those forwarded to another region, do not count: a slow
 * primary must not take the replicas' regions out. Streams count by their beginning.
 */
export function latencyCheck(options: LatencyOptions): Check {
  check.object('checks.latency: options', options);
  const { warnMs, failMs, minSamples = 100, windowMs = 15_000, percentile = 99, ignore, aborted = 'count' } = options;
  check.number('checks.latency: failMs', failMs, { min: check.number('checks.latency: warnMs', warnMs) });
  check.integer('checks.latency: minSamples', minSamples, { min: 1 });
  check.integer('checks.latency: windowMs', windowMs, { min: 100 });
  check.number('checks.latency: percentile', percentile, { min: 1, max: 100 });
  check.oneOf('checks.latency: aborted', aborted, ['count', 'ignore']);
  if (ignore !== undefined) check.function('checks.latency: ignore', ignore);
  const make = (): RecordableHistogram => createHistogram({ lowest: 1, highest: MAX_US, figures: 3 });
  let [current, previous] = [make(), make()];
  const both = make();
  let begunAtMs: number | undefined;

  const run: Check = (_signal, { clock }) => {
    const now = clock.now();
    begunAtMs ??= now;
    both.reset();
    both.add(previous);
    both.add(current);
    if (now - begunAtMs >= windowMs) {
      [current, previous] = [previous, current];
      current.reset();
      begunAtMs = now;
    }
    if (both.count < minSamples) return undefined;
    return grade(Math.round(both.percentile(percentile) / 100) / 10, 'ms', { warn: warnMs, fail: failMs });
  };
  run.observe = (outcome, request) => {
    if (outcome.by !== 'handler' || (outcome.aborted && aborted === 'ignore') || ignore?.(request)) return;
    // A histogram throws for what is not an integer from 1 to its highest value.
    const us = Math.round(outcome.headMs * 1_000);
    if (!Number.isNaN(us)) current.record(Math.min(Math.max(us, 1), MAX_US));
  };
  return run;
}
