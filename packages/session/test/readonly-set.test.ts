import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readonlySet } from '../src/readonly-set.ts';

describe('readonlySet()', () => {
  it('reads as the set of the same values does', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 2 })), fc.string({ maxLength: 2 }), (values, other) => {
        const ours = readonlySet(values);
        const real = new Set(values);
        expect(ours.size).toBe(real.size);
        expect([...ours]).toEqual([...real]);
        expect([...ours.keys()]).toEqual([...real.keys()]);
        expect([...ours.values()]).toEqual([...real.values()]);
        expect([...ours.entries()]).toEqual([...real.entries()]);
        expect(ours.has(other)).toBe(real.has(other));
        const seen: [string, string, unknown][] = [];
        ours.forEach((value, key, all) => {
          seen.push([value, key, all]);
        });
        expect(seen).toEqual([...real].map((value) => [value, value, ours]));
      }),
      { seed: 6, numRuns: 100 },
    );
  });

  it('has every operation a set of this Node has for reading', () => {
    const writing = new Set(['constructor', 'add', 'delete', 'clear']);
    const reading = Object.getOwnPropertyNames(Set.prototype).filter((name) => !writing.has(name));
    const ours = readonlySet(['a']);
    expect(reading.filter((name) => !(name in ours))).toEqual([]);
    const union: unknown = Reflect.get(ours, 'union');
    if (typeof union === 'function') expect(union.call(ours, new Set(['b']))).toEqual(new Set(['a', 'b']));
  });

  it('copies what it is made of', () => {
    const values = ['a'];
    const set = readonlySet(values);
    values.push('b');
    expect(set.has('b')).toBe(false);
  });
});
