import { fakeClock } from '@regionkit/core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startCheckers } from '../../src/dns/checkers.ts';
import { createEndpoint } from '../../src/dns/endpoint.ts';
import type { HealthCheckReason } from '../../src/dns/health-check.ts';

/** A small generator, so that a failing run can be had again. */
const seeded = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

const setUp = (runCheck: (signal: AbortSignal) => Promise<HealthCheckReason>, seed = 1, checkers = 16) => {
  const clock = fakeClock({ now: 0 });
  const checks: { readonly checker: number; readonly reason: HealthCheckReason; readonly atMs: number }[] = [];
  const group = startCheckers({
    checkers,
    intervalMs: 10_000,
    runCheck,
    onChecked: (checker, reason) => checks.push({ checker, reason, atMs: clock.now() }),
    clock,
    random: seeded(seed),
  });
  return { clock, checks, group };
};

describe('startPatrol', () => {
  test('every checker looks once in the first interval, each at a moment of its own', async () => {
    const { clock, checks } = setUp(async () => 'passed');
    await clock.advance(10_000);
    const first = new Map(checks.toReversed().map(({ checker, atMs }) => [checker, atMs]));
    expect(first.size).toBe(16);
    expect(new Set(first.values()).size).toBe(16);
  });

  test('they drift apart: some seconds see several looks and some none', async () => {
    const { clock, checks } = setUp(async () => 'passed');
    await clock.advance(120_000);
    const perSecond = new Array(120).fill(0);
    for (const { atMs } of checks) perSecond[Math.floor(atMs / 1_000)] += 1;
    expect(Math.max(...perSecond)).toBeGreaterThan(3);
    expect(perSecond).toContain(0);
  });

  test('the interval counts from the end of a look, and a checker never looks twice at once', async () => {
    let now = 0;
    let under = 0;
    const { clock, checks } = setUp(
      async () => {
        under += 1;
        expect(under).toBe(1);
        await new Promise<void>((done) => void clock.schedule(done, 6_000));
        under -= 1;
        now = clock.now();
        return 'status-timeout';
      },
      7,
      1,
    );
    await clock.advance(100_000);
    expect(now).toBeGreaterThan(0);
    const gaps = checks.slice(1).map(({ atMs }, at) => atMs - (checks[at]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(17_000);
  });

  test('closed, it tells nothing more, ends the looks under way and leaves no timer', async () => {
    let aborted = 0;
    const hang = (signal: AbortSignal): Promise<HealthCheckReason> =>
      new Promise((done) => {
        signal.addEventListener('abort', () => {
          aborted += 1;
          done('broken');
        });
      });
    const { clock, checks, group } = setUp(hang);
    await clock.advance(10_000);
    group.close();
    await clock.advance(100_000);
    expect([aborted, checks, clock.pending]).toEqual([16, [], 0]);
  });

  test('closed before the first look, it never looks', async () => {
    let onChecked = 0;
    const { clock, group } = setUp(async () => {
      onChecked += 1;
      return 'passed';
    });
    group.close();
    await clock.advance(60_000);
    expect([onChecked, clock.pending]).toEqual([0, 0]);
  });
});

test('a dead endpoint turns after between two and a little more than three intervals, however the checkers fell', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 0, max: 30_000 }), async (seed, fault) => {
      const clock = fakeClock({ now: 0 });
      const endpoint = createEndpoint({ checkers: 16, failureThreshold: 3, clock });
      let turnedAtMs: number | undefined;
      startCheckers({
        checkers: 16,
        intervalMs: 10_000,
        runCheck: async () => (clock.now() < fault ? 'passed' : 'refused'),
        onChecked: (checker, reason) => {
          if (endpoint.recordCheck(checker, reason === 'passed')) turnedAtMs ??= clock.now();
        },
        clock,
        random: seeded(seed),
      });
      await clock.advance(fault + 33_001);
      expect(turnedAtMs).toBeGreaterThanOrEqual(fault + 18_000);
      expect(turnedAtMs).toBeLessThanOrEqual(fault + 33_000);
      expect(endpoint.failoverTimes(fault)).toMatchObject({ appMs: 0, checkersMs: (turnedAtMs ?? 0) - fault });
    }),
    { numRuns: 25 },
  );
});
