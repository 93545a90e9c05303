import { describe, expect, it } from 'vitest';
import { runGrowth } from '../src/growth.ts';

describe('runGrowth', () => {
  it('measures each line at each size, closes what it set up, and finds the exponent', async () => {
    const closed: number[] = [];
    const result = await runGrowth({
      title: 'secrets',
      by: 'secrets',
      sizes: [1, 2, 4],
      metrics: ['ms', 'heapKiB'],
      rounds: 2,
      lines: [
        {
          name: 'regionkit',
          prepare: (size) => ({
            measure: () => ({ ms: size * 5, heapKiB: 7 }),
            close: () => void closed.push(size),
          }),
        },
      ],
    });
    expect(closed).toEqual([1, 2, 4]);
    const [line] = result.lines;
    expect(line?.points.map(({ size, values }) => [size, values['ms']?.median])).toEqual([
      [1, 5],
      [2, 10],
      [4, 20],
    ]);
    expect(line?.points[0]?.samples).toHaveLength(2);
    expect(line?.exponents['ms']).toBeCloseTo(1);
    expect(line?.exponents['heapKiB']).toBeCloseTo(0);
  });

  it('begins each round with another line', async () => {
    const order: string[] = [];
    const line = (name: string) => ({
      name,
      prepare: () => ({
        measure: () => {
          order.push(name);
          return { ms: 1 };
        },
      }),
    });
    await runGrowth({ title: 't', by: 'n', sizes: [1], metrics: ['ms'], rounds: 2, lines: [line('a'), line('b')] });
    expect(order).toEqual(['a', 'b', 'a', 'b', 'b', 'a']);
  });
});
