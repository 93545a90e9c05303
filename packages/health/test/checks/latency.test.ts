import type { RequestOutcome } from '@regionkit/core';
import { fakeClock, requestView } from '@regionkit/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CheckResult, checks, type LatencyOptions } from '../../src/index.ts';
import { contextOf } from '../helpers/fixtures.ts';

const never = new AbortController().signal;
const SECOND = 1_000;
const WINDOW = 10 * SECOND;

function start(options: Partial<LatencyOptions> = {}) {
  const clock = fakeClock();
  const check = checks.latency({ warnMs: 800, failMs: 2_000, ...options });
  const observe = (headMs: number, patch: Partial<RequestOutcome> = {}, path = '/'): void =>
    check.observe?.(
      { status: 200, headMs, durationMs: headMs, aborted: false, by: 'handler', ...patch },
      requestView({ path }),
    );
  const look = (): CheckResult => check(never, contextOf(clock)) as CheckResult;
  /** A window in which `fill` observes, and what is found after it. */
  const window = (fill: () => void = () => {}, lengthMs = WINDOW): CheckResult => {
    look();
    fill();
    clock.suspend(lengthMs);
    return look();
  };
  const windows = (count: number, fill?: () => void): CheckResult[] =>
    Array.from({ length: count }, () => window(fill));
  return { clock, observe, look, window, windows };
}

function times(count: number, run: () => void): void {
  for (let at = 0; at < count; at += 1) run();
}
const statuses = (results: readonly CheckResult[]): string => results.map(({ status }) => status).join(' ');

test('nothing fails on a handful of answers, however slow', () => {
  const { observe, windows } = start();
  expect(statuses(windows(6, () => times(3, () => observe(30_000))))).toBe('pass pass pass pass pass pass');
});

test('one slow request among many quick ones is not a slow region, hour after hour', () => {
  const { observe, windows } = start();
  const hours = windows(720, () => {
    times(199, () => observe(20));
    observe(30_000);
  });
  expect(new Set(hours.map(({ status }) => status))).toEqual(new Set(['pass']));
});

test('a stall that fills two windows is a stall; a third slow window makes it fail', () => {
  const { observe, window, windows } = start();
  const quick = (): void => times(500, () => observe(20));
  const stalled = (): void => times(500, () => observe(5_000));
  windows(3, quick);
  expect(statuses([window(stalled), window(stalled), ...windows(3, quick)])).not.toContain('fail');
  expect(statuses(windows(3, stalled))).toMatch(/fail$/);
});

test.each([
  [1, 600],
  [0.2, 3_000],
])('a slow app with %d requests a second fails as well', (perSecond, withinSeconds) => {
  const { observe, windows } = start();
  const found = windows(withinSeconds / 10, () => times(perSecond * 10, () => observe(9_000)));
  expect(statuses(found)).toContain('fail');
});

test('too many answers above warnMs warn, and no more than that', () => {
  const { observe, windows } = start();
  const found = windows(60, () => {
    times(95, () => observe(20));
    times(5, () => observe(900));
  });
  expect(statuses(found)).toMatch(/^pass.* warn$/);
  expect(statuses(found)).not.toContain('fail');
  expect(statuses(windows(200, () => times(100, () => observe(20))))).toMatch(/ pass$/);
});

test('without requests the failure stands, then the region is on trial until it has answered', () => {
  const { observe, window, windows } = start();
  const slow = (): void => times(100, () => observe(5_000));
  expect(windows(3, slow).at(-1)?.status).toBe('fail');
  expect(statuses(windows(5))).toBe('fail fail fail fail fail');
  expect(statuses(windows(20))).toBe(Array.from({ length: 20 }, () => 'warn').join(' '));
  expect(window(() => times(99, () => observe(20)))).toMatchObject({ status: 'warn', message: 'on trial' });
  expect(statuses(windows(3, () => times(100, () => observe(20))))).toMatch(/pass$/);
});

test('a region that is slow only while it has load turns less and less often', () => {
  const { observe, window } = start();
  const departuresAt: number[] = [];
  let status = 'pass';
  for (let at = 0; at < 180; at += 1) {
    const before = status;
    status = window(() => before !== 'fail' && times(100, () => observe(5_000))).status;
    if (status === 'fail' && before !== 'fail') departuresAt.push(at * 10);
  }
  expect(departuresAt.length).toBeLessThanOrEqual(5);
  const gaps = departuresAt.slice(1).map((second, index) => second - (departuresAt[index] ?? 0));
  expect(gaps).toEqual([...gaps].sort((left, right) => left - right));
  expect(departuresAt.length).toBeGreaterThan(3);
});

test('while what still comes is slow, there is no trial', () => {
  const { observe, windows } = start();
  const found = windows(60, () => times(100, () => observe(5_000)));
  expect(statuses(found.slice(2))).toBe(Array.from({ length: 58 }, () => 'fail').join(' '));
});

test('answers of deciders and of other regions do not count', () => {
  const { observe, windows } = start();
  const found = windows(6, () => {
    times(100, () => observe(20));
    times(500, () => observe(9_000, { by: 'proxy' }));
    times(500, () => observe(9_000, { by: 'respond' }));
  });
  expect(found.at(-1)).toEqual({ status: 'pass', observed: 20, unit: 'ms' });
});

test('requests whose client went away count, unless told otherwise', () => {
  const found = (['count', 'ignore'] as const).map((aborted) => {
    const { observe, windows } = start({ aborted });
    return windows(6, () => {
      times(100, () => observe(20));
      times(100, () => observe(3_000, { aborted: true, status: 0 }));
    }).at(-1)?.status;
  });
  expect(found).toEqual(['fail', 'pass']);
});

test('requests can be left out', () => {
  const { observe, windows } = start({ ignore: ({ path }) => path === '/poll' });
  const found = windows(6, () => {
    times(100, () => observe(20));
    times(100, () => observe(25_000, {}, '/poll'));
  });
  expect(found.at(-1)).toMatchObject({ status: 'pass' });
});

test('no figure of a request can throw or poison the rest', () => {
  const { observe, window } = start();
  const found = window(() => {
    times(10_000, () => observe(20));
    fc.assert(
      fc.property(fc.double(), (headMs) => observe(headMs)),
      { numRuns: 50 },
    );
    for (const headMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300])
      observe(headMs);
  });
  expect(found).toMatchObject({ status: 'pass', observed: 20 });
});

test('the percentile that is told is that of the last whole window, as exact as three figures', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 100, maxLength: 400 }), (list) => {
      const { observe, window } = start({ warnMs: 1e9, failMs: 1e9 });
      const { observed = 0 } = window(() => {
        for (const headMs of list) observe(headMs);
      });
      const sorted = [...list].sort((left, right) => left - right);
      const rank = 0.99 * list.length;
      expect(observed).toBeGreaterThanOrEqual((sorted[Math.floor(rank) - 1] ?? 0) * 0.998 - 0.1);
      expect(observed).toBeLessThanOrEqual((sorted[Math.ceil(rank) - 1] ?? 0) * 1.002 + 0.1);
    }),
    { numRuns: 30 },
  );
});

test('limits out of order are refused', () => {
  expect(() => checks.latency({ warnMs: 2, failMs: 1 })).toThrow(/checks\.latency: failMs/);
  expect(() => checks.latency({ warnMs: 1, failMs: 2, minSamples: 0 })).toThrow(/checks\.latency: minSamples/);
  expect(() => checks.latency({ warnMs: 1, failMs: 2, pauseMs: 9, maxPauseMs: 8 })).toThrow(/latency: maxPauseMs/);
  expect(() => checks.latency({ warnMs: 1, failMs: 2, percentile: 100 })).toThrow(/checks\.latency: percentile/);
});
