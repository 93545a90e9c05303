import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCompact } from '../src/compact.ts';
import { b64, claims, craft } from './support.ts';

const rules = { algorithms: new Set(['RS256'] as const), types: new Set(['jwt']), largeIntegers: 'refuse' } as const;

describe('readCompact()', () => {
  it('takes a token apart', () => {
    const text = craft(claims());
    expect(readCompact(text, rules)).toMatchObject({ text, alg: 'RS256', algorithm: 'RS256', kid: 'rsa-1' });
  });

  it('accepts the one spelling of any bytes, and no other string', () => {
    const segment = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(segment, fc.nat(), fc.constantFrom(...alphabet, '=', '+', '/', ' '), (bytes, at, character) => {
        const head = b64('{"alg":"RS256"}');
        const body = b64('{}');
        const spelled = b64(bytes);
        expect(typeof readCompact(`${head}.${body}.${spelled}`, rules)).toBe('object');
        const place = at % spelled.length;
        const other = spelled.slice(0, place) + character + spelled.slice(place + 1);
        const canonical = b64(Buffer.from(other, 'base64url')) === other;
        const outcome = readCompact(`${head}.${body}.${other}`, rules);
        expect(typeof outcome === 'object').toBe(canonical);
      }),
      { seed: 4, numRuns: 1_000 },
    );
  });

  it('reads to its end a text of a megabyte that is almost a token', () => {
    // Linear by construction; a pattern that backtracks would not end within the time of the test.
    for (const text of ['a'.repeat(1_000_000), `${'a'.repeat(500_000)}.${'a'.repeat(500_000)}`, 'a.'.repeat(500_000)]) {
      expect(readCompact(text, rules)).toBe('not-compact');
    }
    expect(readCompact(`${'a'.repeat(400_000)}.${'b'.repeat(400_000)}.${'c'.repeat(400_000)}=`, rules)).toBe(
      'not-canonical',
    );
  });
});
