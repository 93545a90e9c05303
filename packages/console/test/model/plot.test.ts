import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type LagHistory, SPAN_MS, takeSamples } from '../../src/model/lag-history.ts';
import { plot, scaleTop } from '../../src/model/plot.ts';
import { node } from '../helpers/fleet.ts';

const BOX = { width: 120, height: 10, topMs: 100, nowMs: SPAN_MS };
const seen = (state: string, lagMs?: number) => ({
  ...node('eu/0', state, lagMs === undefined ? {} : { lagMs }),
  disagreed: [],
});

describe('plot', () => {
  it('draws the newest sample at the right, and a lag of zero at the bottom', () => {
    expect(
      plot(
        [
          { atMs: 0, lagMs: 0 },
          { atMs: SPAN_MS, lagMs: 100 },
        ],
        BOX,
      ),
    ).toEqual({
      lines: ['0,10 120,0 120,0'],
      gaps: [],
    });
  });

  it('ends the line where the lag was not known, and shows for how long', () => {
    const samples = [
      { atMs: 60_000, lagMs: 50 },
      { atMs: 70_000, lagMs: undefined },
      { atMs: 80_000, lagMs: undefined },
      { atMs: 90_000, lagMs: 50 },
    ];
    expect(plot(samples, BOX)).toEqual({ lines: ['60,5 70,5', '90,5 120,5'], gaps: [{ x: 70, width: 20 }] });
  });

  it('draws nothing without samples', () => expect(plot([], BOX)).toEqual({ lines: [], gaps: [] }));
});

describe('scaleTop', () => {
  const table = [
    [[], 100],
    [[0], 100],
    [[101], 250],
    [[2_000, undefined, 40], 2_500],
    [[4_000_000], 7_200_000],
  ] as const;
  for (const [lags, top] of table) {
    it(`is ${top} above ${lags}`, () => expect(scaleTop([lags.map((lagMs) => ({ atMs: 0, lagMs }))])).toBe(top));
  }
});

describe('takeSamples', () => {
  it('takes a primary as without lag, and a node that is out of reach as unknown', () => {
    for (const [state, lagMs, taken] of [
      ['primary', undefined, 0],
      ['replica', 40, 40],
      ['stale', 9_000, 9_000],
      ['unreachable', 40, undefined],
      ['fenced', 40, undefined],
    ] as const) {
      expect(takeSamples(new Map(), [seen(state, lagMs)], 5).get('eu/0')).toEqual([{ atMs: 5, lagMs: taken }]);
    }
  });

  it('keeps samples half a second apart, and always the newest', () => {
    let history: LagHistory = new Map();
    for (let atMs = 0; atMs <= 1_000; atMs += 100) history = takeSamples(history, [seen('replica', atMs)], atMs);
    expect(history.get('eu/0')?.map(({ atMs }) => atMs)).toEqual([0, 500, 1_000]);
  });

  it('forgets a node that is not named any more', () => {
    const history = takeSamples(new Map(), [seen('replica', 1)], 0);
    expect(takeSamples(history, [], 1_000).size).toBe(1);
    expect(takeSamples(history, [], SPAN_MS).size).toBe(0);
  });
});

test('the history is bounded, and every point of a plot is inside its box', () => {
  const step = fc.tuple(fc.nat(3_000), fc.option(fc.nat(10_000_000), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      let history: LagHistory = new Map();
      let atMs = 0;
      for (const [after, lagMs] of steps) {
        atMs += after;
        history = takeSamples(history, [seen('replica', lagMs)], atMs);
      }
      const samples = history.get('eu/0') ?? [];
      expect(samples.length).toBeLessThanOrEqual(2 * (SPAN_MS / 500) + 2);
      const { lines, gaps } = plot(samples, { ...BOX, topMs: scaleTop([samples]), nowMs: atMs });
      for (const point of lines.flatMap((line) => line.split(' '))) {
        const [x = -1, y = -1] = point.split(',').map(Number);
        expect(x >= 0 && x <= 120 && y >= 0 && y <= 10).toBe(true);
      }
      for (const { x, width } of gaps) expect(x >= 0 && width >= 0 && x + width <= 120.11).toBe(true);
    }),
    { numRuns: 50 },
  );
});
