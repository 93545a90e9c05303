import { describe, expect, it } from 'vitest';
import { createRememberedTokens } from '../src/remembered-tokens.ts';

const TAIL = 'z'.repeat(43);
const fresh = (text: string): string => Buffer.from(text).toString();

describe.each(['digest', 'token'] as const)('tokens remembered by %s', (keep) => {
  const setUp = (max = 100) => {
    const tokens = createRememberedTokens<object>({ max, keep });
    return {
      tokens,
      find: (token: string) => tokens.find(token, tokens.nameOf(token)),
      remember: (token: string, value: object) => tokens.remember(token, tokens.nameOf(token), value),
      forget: (token: string) => tokens.forget(token, tokens.nameOf(token)),
    };
  };

  it('are found by an equal string, and by no other', () => {
    const { find, remember } = setUp();
    const value = {};
    remember(`a.b.${TAIL}`, value);
    expect(find(fresh(`a.b.${TAIL}`))).toBe(value);
    for (const other of [`a.c.${TAIL}`, `a.b.y${TAIL}`, TAIL, `a.b.${TAIL}z`, '']) expect(find(other)).toBeUndefined();
  });

  it('whose ends are equal do not take each other for themselves', () => {
    const { find, remember } = setUp();
    const [first, second] = [{ first: true }, { second: true }];
    remember(`a.a.${TAIL}`, first);
    remember(`b.b.${TAIL}`, second);
    expect([undefined, first]).toContain(find(`a.a.${TAIL}`));
    expect(find(`b.b.${TAIL}`)).toBe(second);
  });

  it('are forgotten one by one, by a rule, and when there are too many', () => {
    const { tokens, find, remember, forget } = setUp(10);
    for (let at = 0; at < 100; at += 1) {
      remember(`${at}.b.${at}${TAIL}${at}`, { at });
      expect(tokens.size).toBeLessThanOrEqual(10);
    }
    expect(find(`99.b.99${TAIL}99`)).toEqual({ at: 99 });
    forget(`99.b.99${TAIL}99`);
    expect(find(`99.b.99${TAIL}99`)).toBeUndefined();
    tokens.sweep((value) => (value as { at: number }).at === 98);
    expect(tokens.size).toBe(1);
    expect(find(`98.b.98${TAIL}98`)).toEqual({ at: 98 });
  });

  it('can be none', () => {
    const { tokens, find, remember } = setUp(0);
    remember('a.b.c', {});
    expect(find('a.b.c')).toBeUndefined();
    expect(tokens.size).toBe(0);
  });
});
