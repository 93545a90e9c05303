import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstDueMs, nextDueMs } from '../src/schedule.ts';

const base = {
  fromMs: 0,
  everyMs: 900_000,
  jitter: 0.1,
  draw: 0.5,
  backoff: { baseMs: 30_000, maxMs: 2_147_483_647 },
  failures: 0,
  confirmMs: undefined,
};

/** A generator with a seed (mulberry32), so that a failing fleet is the same fleet again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('a value is looked at after its interval, spread by the jitter and no further', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (draw) => {
      const due = nextDueMs({ ...base, draw });
      expect(due).toBeGreaterThanOrEqual(810_000);
      expect(due).toBeLessThanOrEqual(990_000);
    }),
  );
});

test('a failed look is tried again soon, then less and less often, never less than usual', () => {
  const waits = [1, 2, 3, 4, 5, 6, 100].map((failures) => nextDueMs({ ...base, failures }));
  expect(waits).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000]);
});

test('a failed look waits no longer than the longest wait', () => {
  const backoff = { baseMs: 1_000, maxMs: 5_000 };
  const waits = [1, 2, 3, 4, 100].map((failures) => nextDueMs({ ...base, backoff, failures }));
  expect(waits).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
});

test('an older version is asked for again soon', () => {
  expect(nextDueMs({ ...base, confirmMs: 5_000 })).toBe(5_000);
});

test('a value that is never refreshed is never due', () => {
  expect(nextDueMs({ ...base, everyMs: Number.POSITIVE_INFINITY })).toBe(Number.POSITIVE_INFINITY);
  expect(firstDueMs(0, Number.POSITIVE_INFINITY, 0)).toBe(Number.POSITIVE_INFINITY);
});

test('a fleet of a hundred that started together spreads its refreshes over the interval', () => {
  const { everyMs } = base;
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = seeded(seed);
    const buckets = new Array<number>(100).fill(0);
    let refreshes = 0;
    for (let process = 0; process < 100; process += 1) {
      let due = firstDueMs(0, everyMs, random());
      while (due < 96 * everyMs) {
        const bucket = Math.floor(((due % everyMs) / everyMs) * 100);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
        refreshes += 1;
        due = nextDueMs({ ...base, fromMs: due, draw: random() });
      }
    }
    const mean = refreshes / 100;
    expect(Math.max(...buckets) / mean).toBeLessThan(3);
    expect(Math.min(...buckets) / mean).toBeGreaterThan(1 / 3);
  }
});

test('the first interval of a large fleet is as even as the others', () => {
  const random = seeded(7);
  const buckets = new Array<number>(100).fill(0);
  for (let process = 0; process < 10_000; process += 1) {
    const bucket = Math.floor((firstDueMs(0, base.everyMs, random()) / base.everyMs) * 100);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  expect(Math.max(...buckets)).toBeLessThan(300);
});
