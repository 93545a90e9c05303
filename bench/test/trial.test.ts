import { describe, expect, it } from 'vitest';
import { markdown, plot } from '../src/report.ts';
import { spread } from '../src/statistics.ts';
import { runTrial } from '../src/trial.ts';

describe('spread', () => {
  it('is the median, the least and the most, with nothing dropped', () => {
    expect(spread([5, 1, 100])).toEqual({ median: 5, min: 1, max: 100 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  it('refuses to make a figure of nothing', () => {
    expect(() => spread([])).toThrow(RangeError);
  });
});

describe('runTrial', () => {
  const order: string[] = [];
  const contender = (name: string, values: readonly number[]) => {
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

  it('warms up, lets the contenders take turns, and takes ratios within a round', async () => {
    const result = await runTrial({
      title: 'reads',
      baseline: 'pg',
      metrics: ['ops'],
      rounds: 2,
      contenders: [contender('regionkit', [999, 10, 40]), contender('pg', [999, 20, 20])],
      bars: [
        { contender: 'regionkit', against: 'pg', metric: 'ops', atLeast: 1.25 },
        { contender: 'regionkit', metric: 'ops', atMost: 20 },
      ],
    });
    expect(order).toEqual(['regionkit', 'pg', 'regionkit', 'pg', 'pg', 'regionkit']);
    const [own] = result.contenders;
    expect(own?.values['ops']).toEqual({ median: 25, min: 10, max: 40 });
    expect(own?.ratios['ops']).toEqual({ median: 1.25, min: 0.5, max: 2 });
    expect(result.bars.map(({ reached }) => reached)).toEqual([true, false]);
    expect(markdown('router', [result], 'bench router')).toContain(
      '**Missed**: regionkit, ops: 25 (10 – 40), bar ≤ 20.',
    );
    expect(plot('router', [result])).toContain('<svg');
  });
});
