import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterCheck, type Checker, countHealthy, isHealthy, NEW_CHECKER } from '../../src/dns/checker-state.ts';

const walk = (looks: readonly boolean[], threshold = 3): Checker =>
  looks.reduce((checker, passed) => afterCheck(checker, passed, threshold), NEW_CHECKER);

describe('afterLook', () => {
  test('a new checker believes in the endpoint until the threshold is reached', () => {
    expect(walk([]).healthy).toBe(true);
    expect(walk([false, false]).healthy).toBe(true);
    expect(walk([false, false, false]).healthy).toBe(false);
  });

  test('it takes as many looks to come back as it took to leave', () => {
    expect(walk([false, false, false, true, true]).healthy).toBe(false);
    expect(walk([false, false, false, true, true, true]).healthy).toBe(true);
  });

  test('one look that agrees begins the count anew', () => {
    expect(walk([false, false, true, false, false]).healthy).toBe(true);
    expect(walk([false, false, false, true, true, false, true, true]).healthy).toBe(false);
  });

  test('a threshold of 1 believes every look', () => {
    expect(walk([false], 1).healthy).toBe(false);
    expect(walk([false, true], 1).healthy).toBe(true);
  });

  test('it always believes the last run of looks that was long enough', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 1, max: 10 }), (looks, threshold) => {
        let believed = true;
        for (let end = threshold; end <= looks.length; end += 1) {
          const run = looks.slice(end - threshold, end);
          if (run.every((passed) => passed === run[0])) believed = run[0] as boolean;
        }
        expect(walk(looks, threshold).healthy).toBe(believed);
      }),
    );
  });
});

describe('isHealthy', () => {
  const crowd = (healthy: number, all: number): Checker[] =>
    Array.from({ length: all }, (_, at) => ({ healthy: at < healthy, contrary: 0 }));

  test.each([
    [3, 16, true],
    [2, 16, false],
    [19, 100, true],
    [18, 100, false],
    [9, 50, false],
    [1, 1, true],
    [0, 1, false],
    [0, 16, false],
    [16, 16, true],
  ])('%i of %i checkers: %s', (healthy, all, verdict) => {
    expect(isHealthy(crowd(healthy, all))).toBe(verdict);
    expect(countHealthy(crowd(healthy, all))).toBe(healthy);
  });
});
