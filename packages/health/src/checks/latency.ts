import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { RequestView } from '@regionkit/core';
import {
  check,
  integer,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  saidYes,
  withDefault,
} from '@regionkit/core/kit';
import type { Check, CheckResult } from './check.ts';
import { isEnough, noEvidence, weigh } from './latency-evidence.ts';
import { firstTurn, type Turn, takeTurn } from './latency-turn.ts';

/** The options of {@link latencyCheck}. */
export interface LatencyOptions {
  readonly warnMs: number;
  readonly failMs: number;
  /** The share of answers, in percent, that must be faster than the limits. @default 99 */
  readonly percentile?: number;
  /** How many answers a region on trial must give before it passes. @default 100 */
  readonly minSamples?: number;
  /** The length of a window, in milliseconds. At least three slow windows make the check fail. @default 10_000 */
  readonly windowMs?: number;
  /** How long it fails before the next trial, in milliseconds. It doubles after each failed trial. @default 60_000 */
  readonly pauseMs?: number;
  /** The longest pause, in milliseconds. @default 1_800_000, or pauseMs if that is more */
  readonly maxPauseMs?: number;
  /** Requests to leave out, for example long polls. @default none */
  readonly ignore?: (request: RequestView) => boolean;
  /**
   * How to count requests whose client disconnected. It may have disconnected because the answer was slow. @default
   * 'count'
   */
  readonly aborted?: 'count' | 'ignore';
}

const OPTIONS: OptionTable<Required<Omit<LatencyOptions, 'ignore'>> & { readonly ignore: LatencyOptions['ignore'] }> = {
  warnMs: (option, given) => check.number(option, given),
  failMs: (option, given, { warnMs }) => check.number(option, given, { min: warnMs }),
  percentile: withDefault(99, (option, given) => check.number(option, given, { min: 1, max: 99.99 })),
  minSamples: integer(100, { min: 1 }),
  windowMs: integer(10_000, { min: 100 }),
  pauseMs: integer(60_000, { min: 1 }),
  maxPauseMs: (option, given, { pauseMs }) => integer(Math.max(1_800_000, pauseMs), { min: pauseMs })(option, given),
  ignore: optional(check.function<NonNullable<LatencyOptions['ignore']>>),
  aborted: oneOf('count', ['count', 'ignore']),
};

const MAX_US = 3_600_000_000;

/**
 * Measures how long the app's own handlers take to the head of their answers, as the health middleware sees it.
 * Requests that a health route, affinity, the session or the gate answered do not count, and neither do forwarded ones:
 * a slow primary must not remove the regions of its standbys. Of a stream only the time to its head counts.
 *
 * It fails when there is enough evidence that clearly more answers are slower than `failMs` than `percentile` allows,
 * at any rate of requests: at least 20 slow answers, in at least three windows. A region that has left gets no
 * requests, so the failure lasts for `pauseMs`. Then it warns while the region is on trial, and passes after
 * `minSamples` answers that are not slow. Each failed trial doubles the next pause.
 */
export function latencyCheck(options: LatencyOptions): Check {
  const { warnMs, failMs, percentile, minSamples, windowMs, pauseMs, maxPauseMs, ignore, aborted } = readOptions(
    'checks.latency: options',
    'checks.latency: ',
    options,
    OPTIONS,
  );
  const rules = { allowed: 1 - percentile / 100, minSamples, pauseMs, maxPauseMs };
  const make = (): RecordableHistogram => createHistogram({ lowest: 1, highest: MAX_US, figures: 3 });
  let [current, previous] = [make(), make()];
  let begunAtMs: number | undefined;
  let [total, late, slow] = [0, 0, 0];
  let turn: Turn | undefined;
  let warning = noEvidence(0);

  const closeWindow = (nowMs: number): void => {
    turn = takeTurn(turn ?? firstTurn(nowMs), { slow, total }, rules, nowMs);
    warning = weigh(warning, { slow: late, total }, rules.allowed, nowMs);
    [current, previous] = [previous, current];
    current.reset();
    [total, late, slow] = [0, 0, 0];
    begunAtMs = nowMs;
  };

  const run: Check = (_signal, { clock }): CheckResult => {
    const now = clock.now();
    begunAtMs ??= now;
    if (now - begunAtMs >= windowMs) closeWindow(now);
    const figure = {
      ...(previous.count > 0 && { observed: Math.round(previous.percentile(percentile) / 100) / 10, unit: 'ms' }),
    };
    switch (turn?.is) {
      case 'out': {
        const leftMs = Math.max(0, turn.untilMs - now);
        return { status: 'fail', message: `too slow; on trial in ${Math.ceil(leftMs / 1_000)} s`, ...figure };
      }
      case 'trial':
        return { status: 'warn', message: 'on trial', ...figure };
      default:
        return { status: isEnough(warning) ? 'warn' : 'pass', ...figure };
    }
  };
  run.observe = (outcome, request) => {
    if (outcome.by !== 'handler' || (outcome.aborted && aborted === 'ignore') || saidYes(ignore?.(request))) return;
    const us = Math.round(outcome.headMs * 1_000);
    if (Number.isNaN(us)) return;
    // A histogram throws for a value that is not an integer from 1 to its highest value.
    current.record(Math.min(Math.max(us, 1), MAX_US));
    total += 1;
    if (outcome.headMs >= warnMs) late += 1;
    if (outcome.headMs >= failMs) slow += 1;
  };
  return run;
}
