import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { check } from '@regionkit/core/kit';
import type { Check } from './check.ts';
import { grade } from './result.ts';

/** The limits of {@link eventLoopCheck}. */
export interface EventLoopOptions {
  readonly p99WarnMs: number;
  readonly p99FailMs: number;
  /** The length of a window, in milliseconds. The last one to two windows are judged. @default 5_000 */
  readonly windowMs?: number;
  /** How often the event loop is sampled, in milliseconds. @default 10 */
  readonly resolutionMs?: number;
}

/** The part of an `IntervalHistogram` that is used. */
export type LoopMonitor = Pick<IntervalHistogram, 'enable' | 'disable' | 'reset' | 'percentiles'>;

const NS_PER_MS = 1e6;

/**
 * Measures how long work waits for the event loop: 99 % of all moments wait less than the value. A block counts by its
 * length, so a block of half a second in five seconds shows, although it is one of hundreds of samples.
 *
 * A histogram does not see a block in the tick of its reset. Therefore there are two, which are reset in turn, and the
 * one with the earlier reset is judged.
 */
export function eventLoopCheck(
  options: EventLoopOptions,
  monitor: (options: { resolution: number }) => LoopMonitor = monitorEventLoopDelay,
): Check {
  const { p99WarnMs, p99FailMs, windowMs = 5_000, resolutionMs = 10 } = options;
  check.number('checks.eventLoop: p99FailMs', p99FailMs, {
    min: check.number('checks.eventLoop: p99WarnMs', p99WarnMs),
  });
  check.integer('checks.eventLoop: windowMs', windowMs, { min: 100 });
  check.integer('checks.eventLoop: resolutionMs', resolutionMs, { min: 1, max: 1_000 });
  let older: LoopMonitor | undefined;
  let younger: LoopMonitor | undefined;
  let resetAtMs = 0;

  const run: Check = (_signal, { clock }) => {
    const now = clock.now();
    if (older === undefined || younger === undefined) {
      [older, younger] = [monitor({ resolution: resolutionMs }), monitor({ resolution: resolutionMs })];
      older.enable();
      younger.enable();
      resetAtMs = now;
    }
    const delayMs = delayQuantile(older.percentiles, resolutionMs * NS_PER_MS, 0.99) / NS_PER_MS;
    if (now - resetAtMs >= windowMs) {
      older.reset();
      [older, younger] = [younger, older];
      resetAtMs = now;
    }
    return grade(Math.round(10 * delayMs) / 10, 'ms', { warn: p99WarnMs, fail: p99FailMs });
  };
  run.close = () => {
    older?.disable();
    younger?.disable();
  };
  return run;
}

/**
 * Returns the delay that a random moment does not exceed with probability `share`. If two samples are `value` apart,
 * the loop was busy for `value - resolution`, and a moment in it waits for the rest.
 *
 * @param percentiles the times between two samples, as a histogram returns them: percentile to value
 */
export function delayQuantile(percentiles: ReadonlyMap<number, number>, resolution: number, share: number): number {
  const points = [...percentiles].sort(([left], [right]) => left - right);
  let total = 0;
  let reached = 0;
  const gaps = points.map(([percentile, value]) => {
    const count = percentile - reached;
    reached = percentile;
    total += count * value;
    return { count, busy: Math.max(0, value - resolution) };
  });
  const beyond = (delay: number): number =>
    gaps.reduce((sum, { count, busy }) => sum + count * Math.max(0, busy - delay), 0);
  let low = 0;
  let high = gaps.at(-1)?.busy ?? 0;
  const allowed = total * (1 - share);
  if (beyond(0) <= allowed) return 0;
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (beyond(middle) > allowed) low = middle;
    else high = middle;
  }
  return high;
}
