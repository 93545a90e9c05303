import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createCompactReader } from '../src/compact.ts';
import { b64, claims, craft } from './support.ts';

const rules = { algorithms: new Set(['RS256'] as const), types: new Set(['jwt']), largeIntegers: 'reject' } as const;
const readCompact = createCompactReader(rules);

describe('readCompact()', () => {
  it('takes a token apart', () => {
    const text = craft(claims());
    expect(readCompact(text)).toMatchObject({
      alg: 'RS256',
      algorithm: 'RS256',
      kid: 'rsa-1',
      claims: claims(),
      signed: text.slice(0, text.lastIndexOf('.')),
      signature: Buffer.from(text.slice(text.lastIndexOf('.') + 1), 'base64url'),
    });
  });

  it('judges a header that it knows as it judged it the first time', () => {
    const read = createCompactReader(rules);
    const body = b64(JSON.stringify(claims()));
    const outcomeOf = (header: string): unknown => {
      const outcome = read(`${header}.${body}.AAAA`);
      return typeof outcome === 'string' ? outcome : [outcome.alg, outcome.kid];
    };
    const good = b64('{"alg":"RS256","kid":"a"}');
    const headers: [string, unknown][] = [
      [good, ['RS256', 'a']],
      [b64('{"alg":"RS256","kid":"b"}'), ['RS256', 'b']],
      [b64('{"alg":"none","kid":"a"}'), 'algorithm'],
      [b64('{"alg":"RS256","kid":"a","crit":[]}'), 'critical'],
      [b64('{"alg":"RS256","kid":"a","kid":"a"}'), 'duplicate-member'],
      [good.replace(/.$/, (last) => (last === '0' ? '1' : '0')), 'not-canonical'],
      [`${good}=`, 'not-canonical'],
    ];
    // More than are kept, twice, so that some are known and some are known no more.
    const others = Array.from({ length: 100 }, (_, n) => b64(JSON.stringify({ alg: 'RS256', kid: `${n}` })));
    for (let round = 0; round < 2; round += 1) {
      for (const [header, outcome] of [...headers, ...headers]) expect(outcomeOf(header)).toEqual(outcome);
      for (const [n, header] of others.entries()) expect(outcomeOf(header)).toEqual(['RS256', `${n}`]);
    }
  });

  it('keeps a bounded part of the headers, whoever writes them', () => {
    const set = vi.spyOn(Map.prototype, 'set');
    const read = createCompactReader(rules);
    for (const length of [1, 200, 256]) {
      const header = b64(JSON.stringify({ alg: 'RS256', kid: 'k'.repeat(length), more: 'x'.repeat(length) }));
      expect(typeof read(`${header}.${b64('{}')}.AAAA`)).toBe('object');
    }
    const kept = set.mock.calls.map(([key]) => key as string);
    set.mockRestore();
    expect(kept.map((key) => key.length <= 512)).toEqual(kept.map(() => true));
    expect(kept).toHaveLength(1);
  });

  it('accepts the one spelling of any bytes, and no other string', () => {
    const segment = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(segment, fc.nat(), fc.constantFrom(...alphabet, '=', '+', '/', ' '), (bytes, at, character) => {
        const head = b64('{"alg":"RS256"}');
        const body = b64('{}');
        const spelled = b64(bytes);
        expect(typeof readCompact(`${head}.${body}.${spelled}`)).toBe('object');
        const place = at % spelled.length;
        const other = spelled.slice(0, place) + character + spelled.slice(place + 1);
        const canonical = b64(Buffer.from(other, 'base64url')) === other;
        const outcome = readCompact(`${head}.${body}.${other}`);
        expect(typeof outcome === 'object').toBe(canonical);
      }),
      { seed: 4, numRuns: 1_000 },
    );
  });

  it('reads to its end a text of a megabyte that is almost a token', () => {
    // Linear by construction; a pattern that backtracks would not end within the time of the test.
    for (const text of ['a'.repeat(1_000_000), `${'a'.repeat(500_000)}.${'a'.repeat(500_000)}`, 'a.'.repeat(500_000)]) {
      expect(readCompact(text)).toBe('not-compact');
    }
    expect(readCompact(`${'a'.repeat(400_000)}.${'b'.repeat(400_000)}.${'c'.repeat(400_000)}=`)).toBe('not-canonical');
  });
});
