import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../src/decode.ts';
import type { SourceError } from '../src/failure.ts';
import { parseJson } from '../src/json.ts';

const detailOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as SourceError).detail;
  }
  return undefined;
};

test.each([
  ['{"a":1,"a":2}', 'duplicate-key'],
  ['{"a":{"b":1,"b":2}}', 'duplicate-key'],
  ['[{"alg":1,"al\\u0067":2}]', 'duplicate-key'],
  ['{"a" :1, "a"\n:2}', 'duplicate-key'],
  ['{"__proto__":{}}', 'forbidden-key'],
  ['{"a":{"constructor":{"prototype":{}}}}', 'forbidden-key'],
  ['{"toJSON":1}', 'forbidden-key'],
  ['hunter2', 'not-json'],
  ['{"a":1', 'not-json'],
  ["{'a':1}", 'not-json'],
  ['{"a":1}{"b":2}', 'not-json'],
  [`${'['.repeat(100)}${']'.repeat(100)}`, 'too-deep'],
])('%s is refused', (text, detail) => {
  expect(detailOf(() => parseJson(text))).toBe(detail);
});

test.each([
  '{"a":{"x":1},"b":{"x":2}}',
  '{"a":"{\\"a\\":1}","b":"\\"a\\":"}',
  '{"a":"a","b":["a","a"],"c":"}"}',
  '"text"',
  '{"constructor":"builder"}',
])('%s is taken', (text) => {
  expect(parseJson(text)).toEqual(JSON.parse(text));
});

test('a text of any length is read: 12 million characters in one string, escaped and not', () => {
  for (const character of ['x', '\\']) {
    const value = { a: character.repeat(12_000_000) };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
  }
});

test('a byte order mark is no part of JSON', () => {
  expect(parseJson('\uFEFF{"a":1}')).toEqual({ a: 1 });
});

test('whatever JSON.stringify writes is read back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      fc.pre(!/"(?:__proto__|toJSON|constructor)":/.test(text));
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test.each<[string, string | Uint8Array, 'text' | 'json' | 'bytes', string]>([
  ['an empty text', '', 'text', 'empty'],
  ['no bytes', new Uint8Array(), 'bytes', 'empty'],
  ['a text above the limit', 'x'.repeat(11), 'text', 'too-large'],
  ['bytes that are not UTF-8', Uint8Array.of(0xff, 0xfe), 'text', 'not-utf8'],
  ['an encoded surrogate', Uint8Array.of(0xed, 0xa0, 0x80), 'json', 'not-utf8'],
])('%s is refused', (_, raw, format, detail) => {
  expect(detailOf(() => decode(raw, format, 10))).toBe(detail);
});

test('bytes are text, JSON or bytes, as asked', () => {
  const raw = Buffer.from('{"a":1}');
  expect(decode(raw, 'bytes', 10)).toEqual(raw);
  expect(decode(raw, 'text', 10)).toBe('{"a":1}');
  expect(decode(raw, 'json', 10)).toEqual({ a: 1 });
});
