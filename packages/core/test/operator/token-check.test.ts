import { type Live, live } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import { expect, it } from 'vitest';
import { createTokenCheck } from '../../src/operator/index.ts';

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
