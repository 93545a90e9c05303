import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sentTarget } from '../../src/http/target.ts';

describe('sentTarget()', () => {
  test.each([
    ['/', '/', undefined],
    ['/orders?x=http://a/b', '/orders?x=http://a/b', undefined],
    ['//evil.com/x', '//evil.com/x', undefined],
    ['http://app.example.com/orders?x=1', '/orders?x=1', 'app.example.com'],
    ['HTTPS://App.example.com:8443/orders', '/orders', 'App.example.com:8443'],
    ['http://app.example.com', '/', 'app.example.com'],
    ['http://app.example.com?x=1', '/?x=1', 'app.example.com'],
    ['http://[::1]:80/a', '/a', '[::1]:80'],
    ['http://evil.com//other.com/x', '//other.com/x', 'evil.com'],
  ] as const)('sends %j on as %j, for %j', (given, target, authority) => {
    expect(sentTarget(given)).toEqual({ target, authority });
  });

  test.each([
    '*',
    '',
    'a',
    'a:443',
    'http://',
    'http:///a',
    'http://user@a/',
    'http://a\\b/',
    'http://a#b',
    'ftp://a/',
    'http://a b/',
  ])('sends no %j on', (given) => {
    expect(sentTarget(given)).toBeUndefined();
  });

  test('never sends on what could end a line or start another host', () => {
    const piece = fc.constantFrom(
      'http://',
      'https://',
      'a.com',
      '@',
      ':',
      '/',
      '\\',
      '?',
      '#',
      '\r\n',
      ' ',
      '\t',
      '\0',
      '[',
      ']',
      'é',
      '\u2028',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const sent = sentTarget(pieces.join(''));
        if (sent === undefined) return;
        expect(sent.target).toMatch(/^\/[\x21-\xff]*$/);
        expect(sent.authority ?? 'a').toMatch(/^[\w.~:[\]-]+$/);
      }),
    );
  });
});
