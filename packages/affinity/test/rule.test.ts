import { describe, expect, test } from 'vitest';
import { type Facts, rule } from '../src/rule.ts';

const navigation: Facts<'a' | 'b'> = {
  self: 'a',
  wanted: 'b',
  target: 'usable',
  mayRedirect: true,
  hostIsGlobal: true,
  hopped: false,
  targetIsSafe: true,
  failover: 'temporary',
};

describe('rule()', () => {
  test('redirects a navigation at a global host to a usable region', () => {
    expect(rule(navigation)).toEqual({ action: 'redirect', reason: 'redirect' });
  });

  test('serves and assigns this region when the cookie names none', () => {
    for (const none of ['assigned', 'cookie-unknown', 'cookie-conflict'] as const) {
      expect(rule({ ...navigation, wanted: { none } })).toEqual({ action: 'serve', reason: none, pinSelf: true });
    }
  });

  test('serves at home', () => {
    expect(rule({ ...navigation, wanted: 'a' })).toEqual({ action: 'serve', reason: 'home' });
  });

  test('hints whatever a redirect would harm', () => {
    expect(rule({ ...navigation, mayRedirect: false })).toEqual({ action: 'hint', reason: 'hint' });
  });

  test.each([
    [{ hostIsGlobal: false }, 'host-not-global'],
    [{ hopped: true }, 'already-redirected'],
    [{ targetIsSafe: false }, 'unsafe-target'],
    [{ target: 'misnamed' }, 'target-misnamed'],
    [{ target: 'unknown' }, 'target-unknown'],
  ] as const)('serves, and keeps the cookie, when %o', (facts, reason) => {
    expect(rule({ ...navigation, ...facts })).toEqual({ action: 'serve', reason });
    expect(rule({ ...navigation, ...facts, failover: 'sticky' })).toEqual({ action: 'serve', reason });
  });

  test.each(['draining', 'down'] as const)(
    'keeps the cookie of a %s region, and asks the client to stay a while',
    (target) => {
      expect(rule({ ...navigation, target })).toEqual({ action: 'serve', reason: `target-${target}`, stay: true });
      expect(rule({ ...navigation, target, hopped: true }).stay).toBeUndefined();
      expect(rule({ ...navigation, target, mayRedirect: false }).stay).toBeUndefined();
    },
  );

  test.each(['draining', 'down'] as const)('moves the client of a %s region here for good under sticky', (target) => {
    expect(rule({ ...navigation, target, failover: 'sticky' })).toEqual({
      action: 'serve',
      reason: `target-${target}`,
      pinSelf: true,
    });
  });
});
