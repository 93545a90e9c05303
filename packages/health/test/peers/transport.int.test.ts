import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { systemClock } from '@regionkit/core/kit';
import { afterEach, expect, test } from 'vitest';
import { fetchTransport, nodeTransport, type Question, type Transport } from '../../src/peers/transport.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(server: http.Server | https.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const scheme = server instanceof https.Server ? 'https' : 'http';
  return `${scheme}://localhost:${((server as Server).address() as AddressInfo).port}/health/region`;
}
const served = (listener: http.RequestListener): Promise<string> => listen(http.createServer(listener));
const question = (url: string, patch: Partial<Question> = {}): Question => ({
  url,
  headers: { 'x-region-nonce': 'n' },
  timeoutMs: 5_000,
  maxBytes: 1_000,
  ...patch,
});

const transports: readonly (readonly [string, () => Transport])[] = [
  ['node', () => nodeTransport(systemClock)],
  ['fetch', () => fetchTransport(systemClock, fetch)],
];
for (const [name, make] of transports) {
  const open = (): Transport => {
    const transport = make();
    closers.push(() => transport.close());
    return transport;
  };

  test(`${name}: an answer of 200 is read`, async () => {
    let seen: unknown;
    const url = await served((request, response) => {
      seen = [request.method, request.url, request.headers['x-region-nonce']];
      response.end('document');
    });
    expect(await open().ask(question(url))).toEqual({ body: 'document' });
    expect(seen).toEqual(['GET', '/health/region', 'n']);
  });

  test(`${name}: a refusal is read with its reason, and nothing else that is no 200`, async () => {
    let status = 403;
    let fields: Record<string, string> = { 'x-region-refused': 'clock-skew' };
    const url = await served((_request, response) => void response.writeHead(status, fields).end('time'));
    expect(await open().ask(question(url))).toEqual({ body: 'time', refusal: 'clock-skew' });
    expect(await open().ask(question(url, { maxBytes: 3 }))).toBe('too-large');
    status = 503;
    expect(await open().ask(question(url))).toBe('gateway');
    fields = {};
    status = 403;
    expect(await open().ask(question(url))).toBe('status');
    status = 401;
    expect(await open().ask(question(url))).toBe('refused');
  });

  test(`${name}: a redirect is not followed`, async () => {
    let elsewhere = 0;
    const target = await served((_request, response) => {
      elsewhere += 1;
      response.end();
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const url = await served((_request, response) => {
        response.writeHead(status, { location: target }).end();
      });
      expect(await open().ask(question(url))).toBe('redirect');
    }
    expect(elsewhere).toBe(0);
  });

  test.each([
    [500, undefined, 'status'],
    [403, undefined, 'status'],
    [429, undefined, 'status'],
    [502, undefined, 'gateway'],
    [503, 'text/html', 'gateway'],
    [504, undefined, 'gateway'],
    [404, undefined, 'not-mounted'],
    [405, undefined, 'not-mounted'],
    [410, undefined, 'not-mounted'],
    [200, 'text/html; charset=utf-8', 'not-mounted'],
  ])(`${name}: %i with the type %s is no answer, but %s`, async (status, type, expected) => {
    const url = await served((_request, response) => {
      response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end('document');
    });
    expect(await open().ask(question(url))).toBe(expected);
  });

  test(`${name}: more than may be read is not read`, async () => {
    let sent = 0;
    const url = await served((_request, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 1;
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    expect(await open().ask(question(url))).toBe('too-large');
    expect(sent).toBeLessThan(1_000);
  });

  test(`${name}: a head, or a body, that does not come in time is not waited for`, async () => {
    const hung = await served(() => {});
    expect(await open().ask(question(hung, { timeoutMs: 60 }))).toBe('timeout');
    const dripping = await served((_request, response) => {
      response.write('x');
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(await open().ask(question(dripping, { timeoutMs: 120 }))).toBe('timeout');
  });

  test(`${name}: nobody there, and a connection that breaks off, are unreachable`, async () => {
    const url = await served((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    expect(await open().ask(question(url))).toBe('unreachable');
    for (const close of closers.splice(0)) close();
    expect(await open().ask(question(url))).toBe('unreachable');
  });
}

test('connections are kept, and one that was closed at the far end in between is no failure', async () => {
  let connections = 0;
  const server = http.createServer((_request, response) => {
    response.end('document');
  });
  server.on('connection', () => {
    connections += 1;
  });
  const url = await listen(server);
  const transport = nodeTransport(systemClock);
  closers.push(() => transport.close());
  for (let at = 0; at < 5; at += 1) expect(await transport.ask(question(url))).toEqual({ body: 'document' });
  expect(connections).toBe(1);
  // In one go: the client has not heard of it when it asks.
  server.closeAllConnections();
  expect(await transport.ask(question(url))).toEqual({ body: 'document' });
  expect(connections).toBe(2);
});

test('a certificate is verified, and a private CA can be brought along', async () => {
  const read = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
  const [key, cert] = [read('localhost-key.pem'), read('localhost-cert.pem')];
  const url = await listen(https.createServer({ key, cert }, (_request, response) => response.end('document')));
  const plain = nodeTransport(systemClock);
  const agent = new https.Agent({ keepAlive: true, ca: cert });
  const knowing = nodeTransport(systemClock, agent);
  closers.push(
    () => plain.close(),
    () => agent.destroy(),
  );
  expect(await plain.ask(question(url))).toBe('unreachable');
  expect(await knowing.ask(question(url))).toEqual({ body: 'document' });
});
