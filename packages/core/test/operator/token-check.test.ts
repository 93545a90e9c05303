import { type Live, live } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import { expect, it } from 'vitest';
import { createTokenCheck, tokenToSend } from '../../src/operator/index.ts';

const TOKEN = 'a token of enough bytes';
const RULES = { option: 'createHealth: token', minBytes: 16 };
const bearer = requestView({ headers: { authorization: `Bearer ${TOKEN.replaceAll(' ', '-')}` } });

it('a live token that could not be read for a while is accepted again when the same value is back', () => {
  const inner = live(TOKEN.replaceAll(' ', '-'));
  let isExpired = false;
  const token: Live<string> = {
    ...inner,
    get current() {
      if (isExpired) throw new Error('the secret has expired');
      return inner.current;
    },
  };
  const carriesToken = createTokenCheck(token, RULES);
  expect(carriesToken(bearer)).toBe(true);
  isExpired = true;
  expect(carriesToken(bearer)).toBe(false);
  isExpired = false;
  expect(carriesToken(bearer)).toBe(true);
});

it('what the app adds to its list of tokens later is not accepted: it was not checked', () => {
  const tokens = ['another-token-of-enough-bytes'];
  const carriesToken = createTokenCheck(tokens, RULES);
  tokens.push(TOKEN.replaceAll(' ', '-'));
  expect(carriesToken(bearer)).toBe(false);
});

const GOOD = 'a-token-that-is-long-enough-to-be-sent';
it.each<[name: string, given: unknown, sent: string | undefined]>([
  ['a good one', GOOD, GOOD],
  ['a live one', live(GOOD), GOOD],
  ['the first of a list that can be sent', [`${GOOD}\n`, 'short', 7, GOOD, `${GOOD}2`], GOOD],
  ['a line break at its end', `${GOOD}\n`, undefined],
  ['a letter outside of Latin-1', `${GOOD}\u{1f511}`, undefined],
  ['a letter outside of ASCII', `${GOOD}é`, undefined],
  ['a space', `${GOOD} `, undefined],
  ['a short one', 'short', undefined],
  ['an empty list', [], undefined],
  ['a number', 7, undefined],
  ['null', null, undefined],
  ['none', undefined, undefined],
])('the token to send: %s', (_name, given, sent) => {
  expect(tokenToSend(given as string, 16)).toBe(sent);
});

it('the token to send is none while a live one cannot be read', () => {
  const expired: Live<string> = {
    ...live(GOOD),
    get current(): string {
      throw new Error('the secret has expired');
    },
  };
  expect(tokenToSend(expired, 16)).toBeUndefined();
});
