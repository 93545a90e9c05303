import { requestView } from '@regionkit/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTokenFields } from '../../src/http/token-fields.ts';

const fields = createTokenFields({
  cookie: { name: 'rk-w', seenName: 'rk-s', domain: undefined, maxAgeSeconds: 60, secure: true },
  header: 'X-Region-Token',
});
const read = (values: readonly string[], cookie = ''): readonly string[] =>
  fields.read(requestView({ headers: { 'x-region-token': [...values], ...(cookie !== '' && { cookie }) } }));

test('a field is read as the list it is, up to one token more than any router takes', () => {
  const part = fc.constantFrom('', ' ', 'a', 'b ', ' c', 'd\t', '\te');
  const list = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(','));
  fc.assert(
    fc.property(fc.array(list, { maxLength: 3 }), (values) => {
      const all = values.flatMap((value) => value.split(',')).map((token) => token.trim());
      expect(read(values)).toEqual(all.filter((token) => token !== '').slice(0, 17));
    }),
  );
});

test('both cookies count, and none of them is left out for what it is', () => {
  expect(read(['a, b'], 'rk-w=c; other=x; rk-s=d; rk-w=; rk-w="e"')).toEqual(['a', 'b', 'c', 'e', 'd']);
  expect(read([], Array.from({ length: 30 }, (_, at) => `rk-w=${at}`).join('; '))).toHaveLength(17);
});

test('what comes after the tokens that count is not cut into pieces', () => {
  const field = `${'t,'.repeat(17)}${'x,'.repeat(8_000)}`;
  const cut: number[] = [];
  const watched = {
    length: field.length,
    indexOf: (what: string, from: number) => field.indexOf(what, from),
    slice: (from: number, to: number) => {
      cut.push(from);
      return field.slice(from, to);
    },
  };
  const view = { ...requestView(), header: (name: string) => (name === 'x-region-token' ? [watched] : []) };
  expect(fields.read(view as never)).toHaveLength(17);
  expect(cut).toHaveLength(17);
});
