import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSafeTarget } from '../src/location.ts';

describe('isSafeTarget()', () => {
  test.each([
    '//evil.com',
    '//evil.com/%2e%2e',
    '/\\evil.com',
    '/\\/evil.com',
    '/\t/evil.com',
    '/\n/evil.com',
    '\\\\evil.com',
    'http://evil.com/',
    'https:evil.com',
    '*',
    '',
    'evil.com:443',
    '@evil.com/',
    '.evil.com/',
    '..//evil.com',
    '/caf\u00e9',
    '/\u2028',
    '/a b',
    '/\ud800',
    '/a#b',
    '/x\r\nSet-Cookie: a=b',
    `/${'a'.repeat(16_384)}`,
  ])('refuses %j', (target) => {
    expect(isSafeTarget(target)).toBe(false);
  });

  test.each([
    '/',
    '/a',
    '/a//b',
    '/%5C%5Cevil',
    '/%0d%0aSet-Cookie:x',
    '/@evil.com',
    '/..//evil',
    '/?next=//evil.com',
    '/a?b=c&d',
    '/.evil',
  ])('allows %j, which stays on its origin', (target) => {
    expect(isSafeTarget(target)).toBe(true);
    expect(new URL(`https://app-us.example.com${target}`).origin).toBe('https://app-us.example.com');
  });

  test('an origin with any safe target behind it is still that origin', () => {
    const bits = fc.constantFrom(
      '/',
      '\\',
      '@',
      '.',
      ':',
      '//',
      'evil.com',
      '%2f',
      '\t',
      '?',
      '#',
      '\u0000',
      'a',
      '[',
      ']',
      'é',
    );
    const targets = fc.oneof(
      // Every UTF-16 unit; `unit: 'binary'` takes fast-check seconds to prepare.
      fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
      fc.array(bits).map((parts) => `/${parts.join('')}`),
    );
    fc.assert(
      fc.property(targets, fc.constantFrom('https://app-us.example.com', 'http://[::1]:8080'), (target, origin) => {
        if (isSafeTarget(target)) expect(new URL(origin + target).origin).toBe(origin);
      }),
      { numRuns: 3_000 },
    );
  });
});
