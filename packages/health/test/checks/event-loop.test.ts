import { fakeClock } from '@regionkit/core/testing';
import { expect, test } from 'vitest';
import { delayQuantile, eventLoopCheck, type LoopMonitor } from '../../src/checks/event-loop.ts';
import { contextOf } from '../helpers/fixtures.ts';

const never = new AbortController().signal;
const LIMITS = { p99WarnMs: 100, p99FailMs: 500 };

/** Monitors that see what `sees` is told, as Node's do: what comes first after a reset is not seen. */
function monitors() {
  const made: { samples: number[]; blind: boolean; enabled: boolean }[] = [];
  const monitor = (): LoopMonitor => {
    const self = { samples: [] as number[], blind: false, enabled: false };
    made.push(self);
    return {
      enable: () => {
        self.enabled = true;
        return true;
      },
      disable: () => {
        self.enabled = false;
        return true;
      },
      reset: () => {
        self.samples = [];
        self.blind = true;
      },
      get percentiles() {
        const sorted = [...self.samples].sort((left, right) => left - right);
        return new Map(sorted.map((value, at) => [(100 * (at + 1)) / sorted.length, value]));
      },
    };
  };
  const sees = (gapMs: number, times = 1): void => {
    for (const each of made) {
      for (let at = 0; at < times; at += 1) {
        if (each.blind) each.blind = false;
        else each.samples.push(gapMs * 1e6);
      }
    }
  };
  return { made, monitor, sees };
}

test('an idle loop has no delay: the resolution is taken off', () => {
  const { monitor, sees } = monitors();
  const check = eventLoopCheck(LIMITS, monitor);
  const context = contextOf(fakeClock());
  check(never, context);
  sees(10, 500);
  expect(check(never, context)).toEqual({ status: 'pass', observed: 0, unit: 'ms' });
});

test('a block in the very tick in which a histogram is reset is seen by the other', () => {
  const clock = fakeClock();
  const { monitor, sees } = monitors();
  const check = eventLoopCheck({ ...LIMITS, windowMs: 1_000 }, monitor);
  const context = contextOf(clock);
  check(never, context);
  for (let window = 0; window < 6; window += 1) {
    sees(10, 50);
    clock.suspend(1_000);
    check(never, context);
    sees(130);
    sees(10, 50);
    expect(check(never, context)).toMatchObject({ status: 'warn' });
  }
});

test('a block is forgotten two windows later', () => {
  const clock = fakeClock();
  const { monitor, sees } = monitors();
  const check = eventLoopCheck({ ...LIMITS, windowMs: 1_000 }, monitor);
  const context = contextOf(clock);
  check(never, context);
  sees(700);
  expect(check(never, context)).toMatchObject({ status: 'fail' });
  for (let window = 0; window < 2; window += 1) {
    sees(10, 100);
    clock.suspend(1_000);
    check(never, context);
  }
  sees(10, 100);
  expect(check(never, context)).toMatchObject({ status: 'pass', observed: 0 });
});

test('one block of half a second in five is told, although it is one sample of hundreds', () => {
  const samples = [...Array.from({ length: 450 }, () => 10), 510];
  const percentiles = new Map(samples.map((value, at) => [(100 * (at + 1)) / samples.length, value]));
  const delay = delayQuantile(percentiles, 10, 0.99);
  // Of 5,010 ms, the 50 in which somebody waits longer are the first 50 of the block.
  expect(delay).toBeGreaterThan(445);
  expect(delay).toBeLessThan(455);
});

test('nothing sampled is no delay', () => {
  expect(delayQuantile(new Map(), 10, 0.99)).toBe(0);
});

test('closing it stops the sampling', () => {
  const { made, monitor } = monitors();
  const check = eventLoopCheck(LIMITS, monitor);
  expect(made).toEqual([]);
  check(never, contextOf(fakeClock()));
  expect(made.map(({ enabled }) => enabled)).toEqual([true, true]);
  check.close?.();
  expect(made.map(({ enabled }) => enabled)).toEqual([false, false]);
});
