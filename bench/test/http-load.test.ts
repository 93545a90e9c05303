import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { httpBurst } from '../src/http-burst.ts';
import { httpLoad } from '../src/http-load.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const servers: ReturnType<typeof createServer>[] = [];

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

it('counts answers, of a known length or chunked', async () => {
  for (const listener of [
    (_request, response) => response.setHeader('Content-Length', 2).end('ok'),
    (_request, response) => {
      response.write('o');
      response.end('k');
    },
  ] satisfies RequestListener[]) {
    let answered = 0;
    const port = await serve((request, response) => {
      answered += 1;
      listener(request, response);
    });
    const { opsPerSecond = 0, p50Ms = 0 } = await httpLoad({ port, connections: 2, durationMs: 500, request: REQUEST });
    expect(answered).toBeGreaterThan(2);
    expect(opsPerSecond).toBeGreaterThan(0);
    expect(p50Ms).toBeGreaterThan(0);
  }
});

it('has opened every connection before the first request, and counts the requests', async () => {
  let answered = 0;
  const port = await serve((_request, response) => {
    answered += 1;
    response.setHeader('Content-Length', 2).end('ok');
  });
  let connected = 0;
  servers[0]?.on('connection', () => {
    connected += 1;
  });
  let answeredBefore = Number.NaN;
  const { requests } = await httpLoad({
    port,
    connections: 3,
    durationMs: 50,
    request: REQUEST,
    opened: async () => {
      await vi.waitUntil(() => connected === 3, 20_000);
      answeredBefore = answered;
    },
  });
  expect(answeredBefore).toBe(0);
  expect(requests).toBe(answered);
});

it('fails on any other answer', async () => {
  const port = await serve((_request, response) => response.writeHead(500).end('no'));
  await expect(httpLoad({ port, connections: 1, durationMs: 50, request: REQUEST })).rejects.toThrow('500');
});

it('tells a burst that was answered from one that was not', async () => {
  const failing = await serve((_request, response) => response.writeHead(503).end());
  expect(await httpBurst({ port: failing, connections: 5, request: REQUEST, patienceMs: 5_000 })).toMatchObject({
    answered: 5,
    toldFailing: 5,
    lastMs: expect.any(Number),
  });
  const silent = await serve(() => {});
  expect(await httpBurst({ port: silent, connections: 2, request: REQUEST, patienceMs: 50 })).toEqual({
    answered: 0,
    toldFailing: 0,
    lastMs: Number.NaN,
    p50Ms: Number.NaN,
  });
});
