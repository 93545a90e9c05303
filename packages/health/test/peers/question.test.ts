import { createKeyring } from '@regionkit/core/kit';
import { requestView } from '@regionkit/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNonce, type RegionQuestion, sealQuestion, unsealQuestion } from '../../src/peers/question.ts';
import { BEGIN_MS, SECRET, signedQuestion } from '../helpers/fixtures.ts';

const keyring = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-question' });
const QUESTION: RegionQuestion = { from: 'b', to: 'a', atMs: BEGIN_MS, nonce: 'n'.repeat(22), news: false };
const read = (headers: Readonly<Record<string, string | readonly string[]>>) =>
  unsealQuestion(requestView({ headers }), 'a', () => keyring);

test.each([false, true])('what was asked is understood (news: %s)', (news) => {
  const question = { ...QUESTION, news };
  expect(read(sealQuestion(question, keyring))).toEqual(question);
});

test.each([
  ['from', 'c'],
  ['news', '1'],
  ['nonce', 'm'.repeat(22)],
  ['at', String(BEGIN_MS + 1)],
])('a question whose %s was changed is refused', (field, value) => {
  expect(read({ ...signedQuestion(), [`x-region-${field}`]: value })).toBe('bad-signature');
});

test('a question under another secret, or signed for another purpose, is refused', () => {
  expect(read(signedQuestion({}, 'x'.repeat(32)))).toBe('bad-signature');
  const document = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-document' });
  expect(read(sealQuestion(QUESTION, document))).toBe('bad-signature');
});

test('a question for another region is refused, and one that is made to name this one', () => {
  const other = signedQuestion({ to: 'c' });
  expect(read(other)).toBe('wrong-region');
  expect(read({ ...other, 'x-region-to': 'a' })).toBe('bad-signature');
});

test('a question as it was before there was an addressee and a time is told apart', () => {
  const { 'x-region-to': to, 'x-region-at': at, ...older } = signedQuestion();
  expect(read(older)).toBe('version');
  expect(read({ ...older, 'x-region-to': to as string })).toBe('version');
  expect(read({ ...older, 'x-region-at': at as string })).toBe('version');
});

test.each(['x-region-code', 'x-region-from'])('a question without %s, or with two of them, is refused', (field) => {
  const asked = signedQuestion();
  const { [field]: value = '', ...rest } = asked;
  expect(read(rest)).toBe('bad-signature');
  expect(read({ ...asked, [field]: [value, value] })).toBe('bad-signature');
});

test('whatever fields arrive, nothing throws and nothing is believed', () => {
  const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }));
  const names = ['nonce', 'from', 'to', 'at', 'code'].map((name) => `x-region-${name}`);
  fc.assert(
    fc.property(fc.record(Object.fromEntries(names.map((name) => [name, value]))), (fields) => {
      expect(typeof read(fields)).toBe('string');
      expect(typeof read({ ...signedQuestion(), ...fields })).toBe('string');
    }),
  );
});

test('a nonce is 16 to 64 characters of base64url', () => {
  expect(['a'.repeat(16), 'A0_-'.repeat(16)].map(isNonce)).toEqual([true, true]);
  expect([undefined, 'a'.repeat(15), 'a'.repeat(65), `${'a'.repeat(20)}\n`, 'a b'.repeat(8)].map(isNonce)).toEqual(
    Array.from({ length: 5 }, () => false),
  );
});
