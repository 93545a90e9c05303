import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import { type Decision, type RequestView, withDoors } from '../../src/index.ts';

function spying() {
  const seen: string[] = [];
  const door = withDoors({
    decide: ({ target, path }: RequestView): Decision => {
      seen.push(`${target} ${path}`);
      return { action: 'next', reason: 'test' };
    },
  });
  return { door, seen };
}

test.each([
  ['*', '/a/b?c', '/a/b?c /a/b'],
  ['/a/*', '/a/b?c', '/a/b?c /b'],
  ['/a/*', '/a', '/a /'],
  ['/a/b', '/a/b', '/a/b /'],
  ['/:x/:y/*', '/a/b/c/d', '/a/b/c/d /c/d'],
  ['/:x{[a-z]+}/*', '/a/b', '/a/b /b'],
])('below the route %j the request %j is seen as %j', async (route, target, view) => {
  const { door, seen } = spying();
  const app = new Hono().use(route, door.hono());
  await app.request(target);
  expect(seen).toEqual([view]);
});

test('an app mounted in another sees what it was mounted for', async () => {
  const { door, seen } = spying();
  const inner = new Hono().use(door.hono());
  await new Hono().mount('/api', inner.fetch).request('/api/x?y');
  expect(seen).toEqual(['/x?y /x']);
});

test('a request that was handed over on Node is answered once, and its connection lives on', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  const door = withDoors({
    decide: (): Decision => ({
      action: 'proxy',
      reason: 'test',
      node: async (_request, response) => void response.end('far'),
      fetch: async () => new Response('not this way'),
    }),
  });
  const server = createAdaptorServer({ fetch: new Hono().use(door.hono()).fetch }) as http.Server;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ports: (number | undefined)[] = [];
  for (let at = 0; at < 3; at += 1) {
    const body = await new Promise<string>((resolve, reject) => {
      http
        .get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent }, (response) => {
          ports.push(response.socket.localPort);
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
        })
        .on('error', reject);
    });
    expect(body).toBe('far');
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(new Set(ports).size).toBe(1);
  expect(log).not.toHaveBeenCalled();
  log.mockRestore();
  agent.destroy();
  server.close().closeAllConnections();
});
