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
    expect(judged({ atMost: 25 })).toMatchObject({ measured: { median: 25 }, reached: true });
    expect(judged({ against: 'pg', atMost: 1.2 })).toMatchObject({ measured: { median: 1.25 }, reached: false });
    expect(judged({ over: 'pg', atMost: 5 })).toMatchObject({ measured: { median: 5 }, reached: true });
    expect(judged({ atLeast: 26 })).toMatchObject({ reached: false });
  });

  it('holds what is promised of every run against the worst of them', () => {
    expect(judged({ atMost: 39 })).toMatchObject({ reached: true });
    expect(judged({ atMost: 39, by: 'worst' })).toMatchObject({ reached: false });
    expect(judged({ atMost: 40, by: 'worst' })).toMatchObject({ reached: true });
    expect(judged({ atLeast: 11, by: 'worst' })).toMatchObject({ reached: false });
  });

  it('reaches no bar with what was never measured', () => {
    expect(judged({ metric: 'p99Ms', atMost: 1 })).toMatchObject({ reached: false });
  });

  it('refuses a contender that is not there', () => {
    expect(() => judged({ against: 'mysql', atMost: 1 })).toThrow(RangeError);
  });
});
