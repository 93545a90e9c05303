import { expect, test } from 'vitest';
import { requestView } from '../../src/testing/index.ts';

test('requestView() is a request of the app, unless told otherwise', () => {
  const plain = requestView();
  expect(plain).toMatchObject({ method: 'GET', target: '/', path: '/', host: 'app.example.com', httpVersion: '1.1' });
  expect(plain.header('cookie')).toEqual([]);
  expect(plain.signal.aborted).toBe(false);
  expect(requestView().raw).not.toBe(plain.raw);
});

test('requestView() takes headers in any case and derives path and host', () => {
  const request = requestView({ target: '/a/b?c=d', headers: { Cookie: ['a=1', 'b=2'], HOST: 'x.example' } });
  expect(request).toMatchObject({ target: '/a/b?c=d', path: '/a/b', host: 'x.example' });
  expect(request.header('cookie')).toEqual(['a=1', 'b=2']);
  expect(requestView({ headers: { host: ['a', 'b'] } }).host).toBeUndefined();
  expect(requestView({ headers: { host: 'a' }, host: undefined }).host).toBeUndefined();
  expect(requestView({ path: '/p' })).toMatchObject({ target: '/p', path: '/p' });
  expect(requestView({ path: '/p', target: '/api/p' })).toMatchObject({ target: '/api/p', path: '/p' });
});
