import { createKeyring } from '@regionkit/core/kit';
import { requestView } from '@regionkit/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNonce, type RegionQuestion, sealQuestion, unsealQuestion } from '../../src/peers/question.ts';
import { SECRET, signedQuestion } from '../helpers/fixtures.ts';

const keyring = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-question' });
const QUESTION: RegionQuestion = { from: 'b', nonce: 'n'.repeat(22), news: false };
const read = (headers: Readonly<Record<string, string | readonly string[]>>) =>
  unsealQuestion(requestView({ headers }), () => keyring);

test.each([false, true])('what was asked is understood (news: %s)', (news) => {
  const question = { ...QUESTION, news };
  expect(read(sealQuestion(question, keyring))).toEqual(question);
});

test('a question of another region, with other news or under another secret is refused', () => {
  const asked = signedQuestion();
  expect(read({ ...asked, 'x-region-from': 'c' })).toBe('bad-signature');
  expect(read({ ...asked, 'x-region-news': '1' })).toBe('bad-signature');
  expect(read({ ...asked, 'x-region-nonce': 'm'.repeat(22) })).toBe('bad-signature');
  expect(read(signedQuestion({}, 'x'.repeat(32)))).toBe('bad-signature');
  const document = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-document' });
  expect(read(sealQuestion(QUESTION, document))).toBe('bad-signature');
});

test.each(['x-region-code', 'x-region-from'])('a question without %s, or with two of them, is refused', (field) => {
  const asked = signedQuestion();
  const { [field]: value = '', ...rest } = asked;
  expect(read(rest)).toBe('bad-signature');
  expect(read({ ...asked, [field]: [value, value] })).toBe('bad-signature');
});

test('whatever fields arrive, nothing throws and nothing is believed', () => {
  const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }));
  fc.assert(
    fc.property(fc.record({ 'x-region-nonce': value, 'x-region-from': value, 'x-region-code': value }), (fields) => {
      expect(typeof read(fields)).toBe('string');
    }),
  );
});

test('a nonce is 16 to 64 characters of base64url', () => {
  expect(['a'.repeat(16), 'A0_-'.repeat(16)].map(isNonce)).toEqual([true, true]);
  expect([undefined, 'a'.repeat(15), 'a'.repeat(65), `${'a'.repeat(20)}\n`, 'a b'.repeat(8)].map(isNonce)).toEqual(
    Array.from({ length: 5 }, () => false),
  );
});
