import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecentCache } from '../../src/kit/recent-cache.ts';

const step = fc.record({ kind: fc.constantFrom('set', 'get', 'delete'), key: fc.nat({ max: 30 }) });

describe('createRecentCache()', () => {
  it('never holds more than its bound, and never gives what was not put there last', () => {
    fc.assert(
      fc.property(fc.nat({ max: 12 }), fc.array(step, { maxLength: 200 }), (max, steps) => {
        const cache = createRecentCache<number>(max);
        const last = new Map<string, number>();
        for (const [value, { kind, key }] of steps.entries()) {
          const name = String(key);
          if (kind === 'set') {
            cache.set(name, value);
            last.set(name, value);
          } else if (kind === 'delete') {
            cache.delete(name);
            last.delete(name);
          } else expect([undefined, last.get(name)]).toContain(cache.get(name));
          expect(cache.size).toBeLessThanOrEqual(max);
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it('keeps what is asked for while a flood passes', () => {
    const cache = createRecentCache<string>(100);
    cache.set('kept', 'value');
    for (let i = 0; i < 10_000; i += 1) {
      cache.set(`flood-${i}`, 'x');
      expect(cache.get('kept')).toBe('value');
    }
    expect(cache.get('flood-0')).toBeUndefined();
  });

  it('sweeps both generations', () => {
    const cache = createRecentCache<number>(10);
    for (let i = 0; i < 9; i += 1) cache.set(String(i), i);
    cache.sweep((value) => value % 2 === 0);
    const left = Array.from({ length: 9 }, (_, i) => cache.get(String(i)));
    expect(left).toEqual([0, undefined, 2, undefined, 4, undefined, 6, undefined, 8]);
    expect(cache.size).toBe(5);
  });
});
