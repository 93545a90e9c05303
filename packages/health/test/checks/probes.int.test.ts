import http from 'node:http';
import net from 'node:net';
import { systemClock } from '@regionkit/core/kit';
import { afterEach, expect, test } from 'vitest';
import { checks } from '../../src/index.ts';
import { contextOf } from '../helpers/fixtures.ts';

const never = new AbortController().signal;
const context = contextOf(systemClock);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

async function served(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener);
  closers.push(() => server.closeAllConnections());
  return `http://127.0.0.1:${await listen(server)}/`;
}

test.each([
  [200, 'pass'],
  [204, 'pass'],
  [302, 'fail'],
  [404, 'fail'],
  [503, 'fail'],
])('checks.http: an answer of %i counts as %s, and a redirect is not followed', async (status, expected) => {
  let requests = 0;
  const url = await served((_request, response) => {
    requests += 1;
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
  expect(await checks.http(url)(never, context)).toEqual({ status: expected, message: `answered ${status}` });
  expect(requests).toBe(1);
});

test('checks.http: an expect that throws fails the check, and no more than that', async () => {
  const url = await served((_request, response) => response.end());
  const error = new Error('of the app');
  const fails = (): never => {
    throw error;
  };
  await expect(checks.http(url, { expect: fails })(never, context)).rejects.toBe(error);
});

test('checks.http: what it sends, and which status it expects, can be said', async () => {
  const url = await served((request, response) => {
    response.writeHead(request.method === 'HEAD' && request.headers['x-probe'] === '1' ? 401 : 500).end();
  });
  const check = checks.http(url, { method: 'HEAD', headers: { 'x-probe': '1' }, expect: (status) => status === 401 });
  expect(await check(never, context)).toMatchObject({ status: 'pass' });
});

test('checks.http: an endless body is not read, and a server that hangs is left when the signal says so', async () => {
  let sent = 0;
  const endless = await served((_request, response) => {
    response.writeHead(200);
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 1;
      if (!response.destroyed) response.once('drain', write);
    };
    write();
  });
  expect(await checks.http(endless)(never, context)).toMatchObject({ status: 'pass' });
  expect(sent).toBeLessThan(1_000);

  const hung = await served(() => {});
  const controller = new AbortController();
  const result = checks.http(hung)(controller.signal, context) as Promise<unknown>;
  controller.abort();
  await expect(result).rejects.toThrow();
});

test('checks.http: a URL that is none, or of another scheme, is refused', () => {
  expect(() => checks.http('nowhere')).toThrow(new TypeError('checks.http: url must be a URL'));
  expect(() => checks.http('ftp://example.com')).toThrow(/checks\.http: url: scheme/);
});

test('checks.tcp: passes where somebody listens, and fails where nobody does', async () => {
  const port = await listen(net.createServer((socket) => socket.end()));
  await expect(checks.tcp({ host: '127.0.0.1', port })(never, context)).resolves.toBeUndefined();
  for (const close of closers.splice(0)) close();
  await new Promise((resolve) => setImmediate(resolve));
  await expect(checks.tcp({ host: '127.0.0.1', port })(never, context)).rejects.toThrow(/ECONNREFUSED/);
  expect(() => checks.tcp({ host: '', port: 1 })).toThrow(RangeError);
  expect(() => checks.tcp({ host: 'x', port: 70_000 })).toThrow(RangeError);
});
