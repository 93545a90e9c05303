import fc from 'fast-check';
import { expect, test } from 'vitest';
import { baseSettings, formatSettings } from '../../src/postgres/settings.ts';

test('strings are quoted, numbers and booleans are not', () => {
  expect(formatSettings({ a: "it's", b: 1, c: false })).toBe("a = 'it''s'\nb = 1\nc = false\n");
});

test('every string is read back as it was, from one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", '\\', '\n', '\r', 'n', 'é', ' ', '#', '=') }), (value) => {
      const line = formatSettings({ name: value });
      // As PostgreSQL's lexer does it: '' is a quote, \n and its like are what they are in C.
      const quoted = /^name = '((?:[^'\\\n\r]|''|\\.)*)'\n$/.exec(line)?.[1];
      expect(
        quoted?.replace(/''|\\(.)/g, (_, escaped) =>
          escaped ? ({ n: '\n', r: '\r' }[escaped as string] ?? escaped) : "'",
        ),
      ).toBe(value);
    }),
  );
});

test('what only a newer PostgreSQL knows is left out for an older one', () => {
  expect(baseSettings(15)).not.toHaveProperty('io_method');
  expect(baseSettings(18)).toHaveProperty('io_method', 'sync');
});
