import { describe, expect, test } from 'vitest';
import { ipOf } from '../../src/http/client.ts';

describe('ipOf()', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51324', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['', undefined],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['203.0.113.7:x', undefined],
    ['203.0.113.7:', undefined],
    ['[2001:db8::7', undefined],
    ['[]', undefined],
    ['example.com:80', undefined],
    ['evil, 1.2.3.4', undefined],
  ])('finds in %j the address %s', (text, ip) => {
    expect(ipOf(text)).toBe(ip);
  });
});
