import { describe, expect, it } from 'vitest';
import { exponent, quantile, spread } from '../src/statistics.ts';

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
