import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIdempotencyKey } from '../../src/ledger/idempotency-key.ts';

/** As RFC 9651 serialises a string (section 4.1.6). */
const quoted = (key: string): string => `"${key.replace(/["\\]/g, '\\$&')}"`;

describe('readIdempotencyKey()', () => {
  it.each([
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['  "a"  ', 'a'],
    ['" "', ' '],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    [quoted('"'.repeat(255)), '"'.repeat(255)],
  ])('reads %s', (value, key) => {
    expect(readIdempotencyKey(value)).toBe(key);
  });

  it.each([
    ['nothing', ''],
    ['an empty string', '""'],
    ['a token', 'abc'],
    ['a number', '42'],
    ['bytes', ':YWJj:'],
    ['a list, as two fields become', '"a", "b"'],
    ['a parameter', '"a";b=1'],
    ['an open string', '"a'],
    ['an escape of another character', '"\\a"'],
    ['a backslash at the end', '"a\\"'],
    ['a line break', '"a\n"'],
    ['a tab before it', '\t"a"'],
    ['a byte of latin1', '"é"'],
    ['too long a string', quoted('k'.repeat(256))],
    ['a megabyte', quoted('k'.repeat(1_000_000))],
  ])('refuses %s', (_name, value) => {
    expect(readIdempotencyKey(value)).toBeUndefined();
  });

  it('reads what a client may write, and nothing that differs from it', () => {
    const ascii = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(ascii, (key) => {
        expect(readIdempotencyKey(quoted(key))).toBe(key.length >= 1 && key.length <= 255 ? key : undefined);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const key = readIdempotencyKey(value);
        expect(key === undefined || quoted(key) === value.replace(/^ +| +$/g, '')).toBe(true);
      }),
    );
  });
});
