import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/topology/facts.ts';
import { addSample, lagAt } from '../../src/topology/lag.ts';

const watch = (...samples: readonly [number, bigint][]): readonly Sample[] =>
  samples.reduce<readonly Sample[]>((list, [atMs, lsn]) => addSample(list, { atMs, lsn }, 'measured', 10_000), []);

describe('lagAt()', () => {
  it('is nothing for who is where the primary was last seen, or further', () => {
    const list = watch([0, 100n], [5_000, 200n]);
    expect(lagAt(list, 200n, 9_000)).toBe(0);
    expect(lagAt(list, 250n, 9_000)).toBe(0);
  });

  it('is how long ago the primary was there', () => {
    const list = watch([0, 100n], [5_000, 200n], [10_000, 300n]);
    expect(lagAt(list, 200n, 12_000)).toBe(7_000);
    expect(lagAt(list, 250n, 12_000)).toBe(4_500);
  });

  it('cannot be told for who is further back than the primary was watched', () => {
    expect(lagAt(watch([0, 100n]), 99n, 1)).toBeUndefined();
    expect(lagAt([], 99n, 1)).toBeUndefined();
  });

  it('starts over when a primary stands below what it said: it had crashed', () => {
    expect(watch([0, 100n], [1_000, 50n])).toEqual([{ atMs: 1_000, lsn: 50n }]);
  });

  it('never shrinks while the standby stands still, and stays bounded however often it is sampled', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 300 }), (steps) => {
        let lsn = 100n;
        let list = watch([0, lsn]);
        let before = 0;
        steps.forEach((step, index) => {
          lsn += BigInt(step);
          list = addSample(list, { atMs: (index + 1) * 100, lsn }, 'measured', 10_000);
          const lag = lagAt(list, 100n, (index + 1) * 100);
          if (lag !== undefined) {
            // Samples that were close together are thinned: by that much the estimate may move.
            expect(lag).toBeGreaterThanOrEqual(before - 10_000 / 16 - 100);
            before = lag;
          }
        });
        expect(list.length).toBeLessThanOrEqual(48);
      }),
    );
  });
});
