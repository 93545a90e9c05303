import { describe, expect, it } from 'vitest';
import { judge, runTrial } from '../src/trial.ts';

const inTurn = (name: string, values: readonly number[], order: string[] = []) => {
  let run = -1;
  return {
    name,
    measure: () => {
      order.push(name);
      run += 1;
      return { ops: values[run] ?? 0 };
    },
  };
};

describe('runTrial', () => {
  it('warms up, lets the contenders take turns, and takes ratios within a round', async () => {
    const order: string[] = [];
    const result = await runTrial({
      title: 'reads',
      baseline: 'pg',
      metrics: ['ops'],
      rounds: 2,
      contenders: [inTurn('regionkit', [999, 10, 40], order), inTurn('pg', [999, 20, 20], order)],
    });
    expect(order).toEqual(['regionkit', 'pg', 'regionkit', 'pg', 'pg', 'regionkit']);
    const [own] = result.contenders;
    expect(own?.values['ops']).toEqual({ median: 25, min: 10, max: 40 });
    expect(own?.ratios['ops']).toEqual({ median: 1.25, min: 0.5, max: 2 });
  });
});

describe('judge', () => {
  const samples = new Map([
    ['regionkit', [{ ms: 10 }, { ms: 40 }]],
    ['pg', [{ ms: 20 }, { ms: 20 }]],
  ]);
  const judged = (bar: object) =>
    judge(
      { title: 'reads', baseline: 'pg', metrics: ['ms'], bars: [{ contender: 'regionkit', metric: 'ms', ...bar }] },
      samples,
    ).bars[0];

  it('holds a value, a ratio or a difference against a bar, by its median', () => {
    expect(judged({ atMost: 25 })).toMatchObject({ measured: { median: 25 }, verdict: 'reached' });
    expect(judged({ against: 'pg', atMost: 1.2 })).toMatchObject({ measured: { median: 1.25 }, verdict: 'missed' });
    expect(judged({ over: 'pg', atMost: 5 })).toMatchObject({ measured: { median: 5 }, verdict: 'reached' });
    expect(judged({ atLeast: 26 })).toMatchObject({ verdict: 'missed' });
  });

  it('holds what is promised of every run against the worst of them', () => {
    expect(judged({ atMost: 39 })).toMatchObject({ verdict: 'reached' });
    expect(judged({ atMost: 39, by: 'worst' })).toMatchObject({ verdict: 'missed' });
    expect(judged({ atMost: 40, by: 'worst' })).toMatchObject({ verdict: 'reached' });
    expect(judged({ atLeast: 11, by: 'worst' })).toMatchObject({ verdict: 'missed' });
  });

  it('decides by the low tenth only what the whole interval says', () => {
    const noisy = (base: number) => Array.from({ length: 100 }, (_, n) => ({ us: base + (n % 10) * 5 }));
    const rounds = new Map([
      ['regionkit', noisy(10)],
      ['pg', noisy(20)],
    ]);
    const verdict = (bar: object) => {
      const [judgement] = judge(
        {
          title: 'reads',
          baseline: 'pg',
          metrics: ['us'],
          bars: [{ contender: 'regionkit', metric: 'us', by: 'low tenth', ...bar }],
        },
        rounds,
      ).bars;
      return judgement;
    };
    const half = verdict({ against: 'pg', atMost: 0.7 });
    expect(half?.measured.median).toBeCloseTo(14.5 / 24.5, 1);
    expect(half?.verdict).toBe('reached');
    expect(verdict({ against: 'pg', atMost: 0.4 })?.verdict).toBe('missed');
    expect(verdict({ against: 'pg', atMost: half?.measured.median ?? 0 })?.verdict).toBe('not decided');
    expect(verdict({ over: 'pg', atMost: -9 })?.verdict).toBe('reached');
    expect(verdict({ atLeast: 30 })?.verdict).toBe('missed');
    expect(verdict({ metric: 'ms', atMost: 30 })?.verdict).toBe('missed');
  });

  it('decides by the ratios within the rounds only what the whole interval says', () => {
    const bases = Array.from({ length: 60 }, (_, round) => 10 * (1 + (round % 7)));
    const rounds = new Map([
      ['regionkit', bases.map((ms, round) => ({ ms: ms * (1.1 + (round % 5) / 50) }))],
      ['pg', bases.map((ms) => ({ ms }))],
    ]);
    const judgement = (bar: object) =>
      judge(
        {
          title: 'reads',
          baseline: 'pg',
          metrics: ['ms'],
          bars: [{ contender: 'regionkit', metric: 'ms', against: 'pg', by: 'paired', ...bar }],
        },
        rounds,
      ).bars[0];
    expect(judgement({ atMost: 1.2 })?.measured.median).toBeCloseTo(1.14, 5);
    expect(judgement({ atMost: 1.2 })?.verdict).toBe('reached');
    expect(judgement({ atMost: 1.1 })?.verdict).toBe('missed');
    expect(judgement({ atMost: 1.14 })?.verdict).toBe('not decided');
    expect(judgement({ against: undefined, over: 'pg', atLeast: 30 })?.verdict).toBe('missed');
    expect(judgement({ metric: 'p99Ms', atMost: 9 })?.verdict).toBe('missed');
  });

  it('reaches no bar with what was never measured', () => {
    expect(judged({ metric: 'p99Ms', atMost: 1 })).toMatchObject({ verdict: 'missed' });
  });

  it('refuses a contender that is not there', () => {
    expect(() => judged({ against: 'mysql', atMost: 1 })).toThrow(RangeError);
  });
});
