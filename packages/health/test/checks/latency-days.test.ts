import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstTurn, type Turn, type TurnRules, takeTurn } from '../../src/checks/latency-turn.ts';

/** Traffic of days, window by window, with chance from a seed: what a region would have done, told in seconds. */
const RULES: TurnRules = { allowed: 0.01, minSamples: 100, pauseMs: 60_000, maxPauseMs: 1_800_000 };
const WINDOW = 10;
const DAY = 86_400;

function createChance(seed: number) {
  let state = seed >>> 0;
  // mulberry32: small, and good enough for counts.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const poisson = (mean: number): number => {
    if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const limit = Math.exp(-mean);
    let count = -1;
    for (let product = 1; product >= limit; product *= next()) count += 1;
    return count;
  };
  return { next, poisson };
}

interface Traffic {
  readonly perSecond: number;
  /** The share of answers that are slow. */
  readonly slow: number;
}

/** When the region left, in seconds. Out of rotation it gets nothing. */
function departures(
  seconds: number,
  seed: number,
  traffic: (second: number, chance: () => number) => Traffic,
): number[] {
  const { next, poisson } = createChance(seed);
  const found: number[] = [];
  let turn: Turn = firstTurn(0);
  for (let second = 0; second < seconds; second += WINDOW) {
    const { perSecond, slow } = turn.is === 'out' ? { perSecond: 0, slow: 0 } : traffic(second, next);
    const late = poisson(perSecond * slow * WINDOW);
    const window = { slow: late, total: late + poisson(perSecond * (1 - slow) * WINDOW) };
    const before = turn.is;
    turn = takeTurn(turn, window, RULES, (second + WINDOW) * 1_000);
    if (turn.is === 'out' && before !== 'out') found.push(second + WINDOW);
  }
  return found;
}

test.each([0.5, 4, 10, 100, 1_000])(
  'with half of the allowed share slow, at %d a second, no region leaves in a month',
  (perSecond) => {
    expect(departures(30 * DAY, 1, () => ({ perSecond, slow: 0.005 }))).toEqual([]);
  },
);

test.each([1, 10, 1_000])(
  'a stall of up to eight seconds every hour, at %d a second: no region leaves in a month',
  (perSecond) => {
    const found = departures(30 * DAY, 2, (_second, chance) => {
      const length = chance() < WINDOW / 3_600 ? 1 + 7 * chance() : 0;
      return { perSecond, slow: 0.002 + length / WINDOW };
    });
    expect(found).toEqual([]);
  },
);

test('a day with a busy noon and a quiet night is a day like another', () => {
  const found = departures(30 * DAY, 3, (second) => ({
    perSecond: 10 + 10 * Math.sin((second / DAY) * 2 * Math.PI),
    slow: 0.005,
  }));
  expect(found).toEqual([]);
});

test.each<[number, number, number]>([
  [0.1, 1, 600],
  [1, 1, 60],
  [1, 0.1, 1_200],
  [10, 0.1, 60],
  [10, 0.05, 180],
  [10, 0.03, 900],
  [1_000, 0.02, 60],
  [1_000, 1, 40],
])('at %d a second with a share of %d slow, a region leaves within %d s', (perSecond, slow, withinSeconds) => {
  for (let seed = 1; seed <= 50; seed += 1) {
    expect(departures(withinSeconds, seed, () => ({ perSecond, slow }))).not.toEqual([]);
  }
});

test.each([1, 10, 1_000])('slow whenever it is in, at %d a second: few turns, and ever fewer', (perSecond) => {
  const day = departures(DAY, 4, () => ({ perSecond, slow: 0.5 }));
  expect(day.filter((second) => second <= 1_800).length).toBeLessThanOrEqual(5);
  expect(day.length).toBeLessThanOrEqual(55);
});

test('whatever the answers, there are no more turns than the pauses allow', () => {
  const window = fc.record({ slow: fc.nat(100), quick: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.array(window, { maxLength: 2_000 }), (list) => {
      let turn: Turn = firstTurn(0);
      let leftAtMs = Number.NEGATIVE_INFINITY;
      list.forEach(({ slow, quick }, at) => {
        const nowMs = at * WINDOW * 1_000;
        const next = takeTurn(turn, { slow, total: slow + quick }, RULES, nowMs);
        if (next.is === 'out' && turn.is !== 'out') {
          expect(nowMs - leftAtMs).toBeGreaterThanOrEqual(RULES.pauseMs);
          leftAtMs = nowMs;
        }
        turn = next;
      });
    }),
    { numRuns: 50 },
  );
});
