import type { RequestOutcome } from '@regionkit/core';
import { fakeClock, requestView } from '@regionkit/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checks, type LatencyOptions } from '../../src/index.ts';
import { contextOf } from '../helpers/fixtures.ts';

const never = new AbortController().signal;

function start(options: Partial<LatencyOptions> = {}) {
  const clock = fakeClock();
  const check = checks.latency({ warnMs: 800, failMs: 2_000, ...options });
  const observe = (headMs: number, patch: Partial<RequestOutcome> = {}, path = '/'): void =>
    check.observe?.(
      { status: 200, headMs, durationMs: headMs, aborted: false, by: 'handler', ...patch },
      requestView({ path }),
    );
  const look = (): unknown => check(never, contextOf(clock));
  return { clock, observe, look };
}

function times(count: number, run: () => void): void {
  for (let at = 0; at < count; at += 1) run();
}

test('nothing is judged on too few requests, however slow', () => {
  const { observe, look } = start();
  times(99, () => observe(30_000));
  expect(look()).toBeUndefined();
  observe(30_000);
  expect(look()).toMatchObject({ status: 'fail' });
});

test('one slow request among many quick ones is not a slow region', () => {
  const { observe, look } = start();
  times(199, () => observe(20));
  observe(30_000);
  expect(look()).toMatchObject({ status: 'pass', observed: 20, unit: 'ms' });
});

test('two in a hundred are', () => {
  const { observe, look } = start();
  times(98, () => observe(20));
  times(2, () => observe(900));
  expect(look()).toMatchObject({ status: 'warn' });
});

test('answers of deciders and of other regions do not count', () => {
  const { observe, look } = start();
  times(100, () => observe(20));
  times(500, () => observe(9_000, { by: 'proxy' }));
  times(500, () => observe(9_000, { by: 'respond' }));
  expect(look()).toMatchObject({ status: 'pass', observed: 20 });
});

test('requests whose client went away count, unless told otherwise', () => {
  const counting = start();
  const ignoring = start({ aborted: 'ignore' });
  for (const { observe } of [counting, ignoring]) {
    times(100, () => observe(20));
    times(100, () => observe(3_000, { aborted: true, status: 0 }));
  }
  expect(counting.look()).toMatchObject({ status: 'fail' });
  expect(ignoring.look()).toMatchObject({ status: 'pass' });
});

test('requests can be left out', () => {
  const { observe, look } = start({ ignore: ({ path }) => path === '/poll' });
  times(100, () => observe(20));
  times(100, () => observe(25_000, {}, '/poll'));
  expect(look()).toMatchObject({ status: 'pass' });
});

test('what is judged is the last one to two windows', () => {
  const { clock, observe, look } = start({ windowMs: 10_000 });
  look();
  times(100, () => observe(5_000));
  clock.suspend(10_000);
  expect(look()).toMatchObject({ status: 'fail' });
  times(100, () => observe(20));
  clock.suspend(9_999);
  expect(look()).toMatchObject({ status: 'fail' });
  clock.suspend(1);
  look();
  expect(look()).toMatchObject({ status: 'pass', observed: 20 });
  clock.suspend(10_000);
  look();
  expect(look()).toBeUndefined();
});

test('no figure of a request can throw or poison the rest', () => {
  const { observe, look } = start();
  times(10_000, () => observe(20));
  fc.assert(
    fc.property(fc.double(), (headMs) => observe(headMs)),
    { numRuns: 50 },
  );
  for (const headMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300]) observe(headMs);
  expect(look()).toMatchObject({ status: 'pass', observed: 20 });
});

test('the percentile is as exact as three figures', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 100, maxLength: 400 }), (list) => {
      const { observe, look } = start({ warnMs: 1e9, failMs: 1e9 });
      for (const headMs of list) observe(headMs);
      const sorted = [...list].sort((left, right) => left - right);
      const rank = 0.99 * list.length;
      const { observed } = look() as { observed: number };
      expect(observed).toBeGreaterThanOrEqual((sorted[Math.floor(rank) - 1] ?? 0) * 0.998 - 0.1);
      expect(observed).toBeLessThanOrEqual((sorted[Math.ceil(rank) - 1] ?? 0) * 1.002 + 0.1);
    }),
    { numRuns: 30 },
  );
});

test('limits out of order are refused', () => {
  expect(() => checks.latency({ warnMs: 2, failMs: 1 })).toThrow(/checks\.latency: failMs/);
  expect(() => checks.latency({ warnMs: 1, failMs: 2, minSamples: 0 })).toThrow(/checks\.latency: minSamples/);
});
