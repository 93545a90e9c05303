import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../src/strict-json.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const wellFormed = fc.string({ unit: 'grapheme' });
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    wellFormed,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(wellFormed, tie('value'), { maxKeys: 4 }),
  ),
})).value;

const isFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));

describe('parseStrictJson()', () => {
  it('reads every object that JSON.stringify writes, frozen, without a prototype', () => {
    fc.assert(
      fc.property(fc.dictionary(wellFormed, json), fc.boolean(), (value, spaced) => {
        const parsed = parseStrictJson(JSON.stringify(value, null, spaced ? 2 : 0));
        expect(typeof parsed).toBe('object');
        expect(Object.getPrototypeOf(parsed)).toBeNull();
        expect(isFrozen(parsed)).toBe(true);
        expect(plain(parsed)).toEqual(plain(value));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('finds a duplicate wherever it is put', () => {
    fc.assert(
      fc.property(wellFormed, json, json, fc.nat({ max: 20 }), (name, first, second, depth) => {
        const member = (value: unknown): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        let text = `{${member(first)},${member(second)}}`;
        for (let i = 0; i < depth; i += 1) text = i % 2 === 0 ? `[1,${text}]` : `{"a":${text}}`;
        expect(parseStrictJson(`{"outer":${text}}`)).toBe('duplicate-member');
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('is not misled by colons, quotes and brackets in strings', () => {
    const value = { 'a:b': ':::', 'c"d': '{"e":1}', 'f\\': '\\":', '[[': ']]{{' };
    expect(plain(parseStrictJson(JSON.stringify(value)))).toEqual(value);
  });

  it('agrees with JSON.parse about what is JSON', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ ab10.-eE+tru'), maxLength: 24 }).map((text) => `{"k":${text}}`),
        (text) => {
          let valid = true;
          try {
            JSON.parse(text);
          } catch {
            valid = false;
          }
          if (!valid) expect(parseStrictJson(text)).toBe('not-json');
        },
      ),
      { seed: 3, numRuns: 2_000 },
    );
  });

  it('counts depth, not brackets', () => {
    const deep = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(typeof parseStrictJson(deep(31))).toBe('object');
    expect(parseStrictJson(deep(32))).toBe('not-json');
    expect(typeof parseStrictJson(`{"a":[${Array(100).fill('[]').join()}]}`)).toBe('object');
  });

  it('refuses integers that JavaScript cannot hold, unless it is told to round them; Infinity always', () => {
    for (const large of ['9007199254740992', '-9007199254740993', '1e300', '123456789012345678901234567890']) {
      expect(parseStrictJson(`{"a":[${large}]}`)).toBe('not-json');
      expect(plain(parseStrictJson(`{"a":[${large}]}`, 'round'))).toEqual({ a: [Number(large)] });
    }
    for (const fine of ['9007199254740991', '-9007199254740991', '0.1', '1e-300']) {
      expect(typeof parseStrictJson(`{"a":${fine}}`)).toBe('object');
    }
    for (const endless of ['1e999', '-1e999']) expect(parseStrictJson(`{"a":${endless}}`, 'round')).toBe('not-json');
  });
});
