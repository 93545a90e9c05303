import { describe, expect, it } from 'vitest';
import { exponent, interval, quantile, spread } from '../src/statistics.ts';

describe('spread', () => {
  it('is the median, the least and the most, with nothing dropped', () => {
    expect(spread([5, 1, 100])).toEqual({ median: 5, min: 1, max: 100 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  it('is unknown if one value is: it has no place in the order', () => {
    expect(spread([1, Number.NaN, 3])).toEqual({ median: Number.NaN, min: Number.NaN, max: Number.NaN });
  });

  it('refuses to make a figure of nothing', () => {
    expect(() => spread([])).toThrow(RangeError);
  });
});

describe('quantile', () => {
  it('lies between neighbours', () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
  });
});

describe('interval', () => {
  const mean = (values: readonly number[]) => (rounds: readonly number[]) =>
    rounds.reduce((sum, round) => sum + (values[round] as number), 0) / rounds.length;

  it('has no width where every round says the same', () => {
    expect(interval(10, mean(Array(10).fill(7)))).toEqual({ median: 7, min: 7, max: 7 });
  });

  it('holds the estimate, and is narrower with more rounds', () => {
    const width = (rounds: number): number => {
      const { median, min, max } = interval(rounds, mean(Array.from({ length: rounds }, (_, n) => n % 10)));
      expect(min).toBeLessThan(median);
      expect(median).toBeLessThan(max);
      return max - min;
    };
    expect(width(1_000)).toBeLessThan(width(100) / 2);
    expect(width(100)).toBeLessThan(width(10) / 2);
  });

  it('is the same in every run', () => {
    const estimate = mean([1, 5, 2, 8, 3]);
    expect(interval(5, estimate)).toEqual(interval(5, estimate));
  });
});

describe('exponent', () => {
  it('is the power by which cost grows', () => {
    const grown = (k: number) => [1, 10, 100].map((size) => [size, 3 * size ** k] as const);
    expect(exponent(grown(0))).toBeCloseTo(0);
    expect(exponent(grown(1))).toBeCloseTo(1);
    expect(exponent(grown(2))).toBeCloseTo(2);
  });

  it('leaves out what has no logarithm, and knows nothing of a single point', () => {
    expect(
      exponent([
        [1, 0],
        [2, 4],
        [4, 8],
      ]),
    ).toBeCloseTo(1);
    expect(exponent([[1, 1]])).toBeNaN();
  });
});
