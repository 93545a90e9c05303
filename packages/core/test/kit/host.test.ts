import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLoopback, normaliseHost } from '../../src/kit/index.ts';

test.each([
  ['app.example.com', 'app.example.com'],
  ['APP.Example.COM', 'app.example.com'],
  ['app.example.com:443', 'app.example.com'],
  ['app.example.com.', 'app.example.com'],
  ['app.example.com.:8443', 'app.example.com'],
  ['localhost', 'localhost'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['my_host', 'my_host'],
  ['127.0.0.1:3000', '127.0.0.1'],
  ['[::1]:3000', '[::1]'],
  ['[2001:DB8::1]', '[2001:db8::1]'],
])('normaliseHost(%j) is %j', (given, host) => {
  expect(normaliseHost(given)).toBe(host);
});

test.each([
  '',
  '.',
  '..',
  '.example.com',
  'app..example.com',
  'app.example.com..',
  'app.example.com:',
  'app.example.com:x',
  'app.example.com:123456',
  'a b',
  'user@host',
  'https://app.example.com',
  'app.example.com/path',
  'app.example.com?x',
  'app.example.com#x',
  'app.example.com\\evil',
  'app.example.com\r\nx',
  'app.example.com\u0000',
  'a,b',
  'a%2eb',
  'bücher.example',
  '::1',
  '[::1',
  '[::1]x',
  'x'.repeat(256),
])('normaliseHost(%j) is no host', (given) => {
  expect(normaliseHost(given)).toBeUndefined();
});

test('normaliseHost() of its own result is that result', () => {
  const hostish = fc.string({ unit: fc.constantFrom('a', 'B', '.', ':', '[', ']', '1', '-', '/', ' ') });
  fc.assert(
    fc.property(hostish, (given) => {
      const host = normaliseHost(given);
      if (host !== undefined) expect(normaliseHost(host)).toBe(host);
    }),
  );
});

test('normaliseHost() refuses the longest text that is almost a host, and reads the longest host', () => {
  // A pattern that backtracks would not end within the time of the test.
  expect(normaliseHost(`${'a.'.repeat(127)}/`)).toBeUndefined();
  expect(normaliseHost(`${'a.'.repeat(127)}a`)).toBe(`${'a.'.repeat(127)}a`);
});

test.each(['localhost', '127.0.0.1', '127.255.0.9', '::1', '[::1]', new URL('http://[0:0::1]').hostname])(
  'isLoopback(%j)',
  (hostname) => {
    expect(isLoopback(hostname)).toBe(true);
  },
);

test.each([
  '',
  'localhost.example.com',
  'xlocalhost',
  '127.0.0.1.example.com',
  '127.0.0',
  '1127.0.0.1',
  '[::1',
  '::1]',
  '[::12]',
  '10.0.0.1',
  'localhost\n',
])('isLoopback(%j) is false', (hostname) => {
  expect(isLoopback(hostname)).toBe(false);
});
