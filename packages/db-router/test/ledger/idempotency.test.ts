import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { isRegionKitError } from '@regionkit/core';
import express from 'express';
import express4 from 'express-4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Idempotency, idempotencyOf, LedgerError } from '../../src/ledger/index.ts';

/** What an app does with the request of its framework and with the body that it parsed. */
const handle = (request: unknown, body: unknown): Idempotency => {
  const found = idempotencyOf(request, body);
  if (found.key === 'in progress') throw new LedgerError('ERR_IDEMPOTENCY_IN_PROGRESS');
  if (found.key === 'reused') throw new LedgerError('ERR_IDEMPOTENCY_REUSED');
  return found;
};

async function listen(server: http.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function jsonOf(request: AsyncIterable<Buffer>): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

/** Each takes a request and returns the answer, with the error handler that its framework has. */
type Send = (path: string, init: RequestInit) => Promise<Response>;
const overHttp = async (server: http.Server): Promise<Send> => {
  const origin = await listen(server);
  return (path, init) => fetch(origin + path, init);
};

const honoApp = (): Hono => {
  const app = new Hono();
  app.post('/api/orders', async (context) => context.json(handle(context, await context.req.json())));
  return app;
};

const DOORS: readonly (readonly [string, () => Send | Promise<Send>])[] = [
  ...(
    [
      ['Express 5', express],
      ['Express 4', express4],
    ] as const
  ).map(
    ([name, make]) =>
      [
        name,
        () => {
          const app = make().set('env', 'test');
          app.use(make.json() as never);
          // Mounted below a path: `request.url` lacks it.
          const router = make.Router();
          router.post('/orders', (request, response) => void response.json(handle(request, request.body)));
          app.use('/api', router as never);
          return overHttp(http.createServer(app));
        },
      ] as const,
  ),
  [
    'Koa',
    () => {
      const app = new Koa();
      app.silent = true;
      app.use(async (context) => {
        context.body = handle(context, await jsonOf(context.req));
      });
      return overHttp(http.createServer(app.callback()));
    },
  ],
  [
    'Fastify',
    async () => {
      const app = Fastify();
      app.post('/api/orders', async (request) => handle(request, request.body));
      await app.ready();
      return overHttp(app.server);
    },
  ],
  ['Hono on Node', () => overHttp(createAdaptorServer(honoApp()) as http.Server)],
  ['Hono as a fetch handler', () => async (path, init) => honoApp().request(`http://app.example.com${path}`, init)],
  [
    'node:http',
    () =>
      overHttp(
        http.createServer(async (request, response) => {
          try {
            response.end(JSON.stringify(handle(request, await jsonOf(request))));
          } catch (error) {
            if (!isRegionKitError(error)) throw error;
            response.writeHead(error.status, error.headers).end();
          }
        }),
      ),
  ],
  [
    'a fetch handler',
    () => async (path, init) => {
      const request = new Request(`http://app.example.com${path}`, init);
      try {
        return Response.json(handle(request, await request.json()));
      } catch (error) {
        if (!isRegionKitError(error)) throw error;
        return error.getResponse();
      }
    },
  ],
];

const post = (field?: string, body: object = { item: 'tea' }): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...(field !== undefined && { 'idempotency-key': field }) },
  body: JSON.stringify(body),
});

describe.each(DOORS)('idempotencyOf() in %s', (_name, start) => {
  it('reads the key, and the same fingerprint as in every framework', async () => {
    const send = await start();
    const answer = await send('/api/orders?now', post('"one"'));
    expect(answer.status).toBe(200);
    const expected = idempotencyOf(new Request('http://elsewhere.example.com/api/orders?now', post('"one"')), {
      item: 'tea',
    });
    expect(await answer.json()).toEqual(expected);
    const others = [
      await send('/api/orders', post('"one"')),
      await send('/api/orders?now', post('"one"', { item: 'coffee' })),
    ];
    for (const other of others) {
      expect(((await other.json()) as Idempotency).fingerprint).not.toBe(expected.fingerprint);
    }
  });

  it.each([
    ['a missing key', undefined, 400],
    ['a key without quotes', 'one', 400],
    ['two keys', '"one", "two"', 400],
    ['a key in progress', '"in progress"', 409],
    ['a key of another request', '"reused"', 422],
  ])('answers %s by the error handler of the framework', async (_what, field, status) => {
    const send = await start();
    const answer = await send('/api/orders', post(field));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('retry-after')).toBe(status === 409 ? '1' : null);
  });
});

describe('idempotencyOf()', () => {
  const request = (init?: RequestInit): Request => new Request('http://app.example.com/orders', post('"one"', init));

  it('returns undefined for a request without a key that needs none, and never for a bad key', () => {
    const without = new Request('http://app.example.com/orders', post());
    expect(idempotencyOf(without, undefined, { required: false })).toBeUndefined();
    const bad = new Request('http://app.example.com/orders', post('one'));
    expect(() => idempotencyOf(bad, undefined, { required: false })).toThrow(LedgerError);
  });

  it('takes a body as text, as bytes and parsed', () => {
    const { fingerprint } = idempotencyOf(request(), '{"item":"tea"}');
    expect(idempotencyOf(request(), Buffer.from('{"item":"tea"}')).fingerprint).toBe(fingerprint);
    expect(idempotencyOf(request(), { item: 'tea' }).fingerprint).toBe(fingerprint);
    expect(idempotencyOf(request(), undefined).fingerprint).not.toBe(fingerprint);
  });

  it.each<[string, unknown]>([
    ['a promise', Promise.resolve({})],
    ['a form', new FormData()],
    ['a stream', new ReadableStream()],
    ['a map', new Map()],
    ['a function', () => ({})],
  ])('refuses %s as a body, which would be the same for each', (_name, body) => {
    expect(() => idempotencyOf(request(), body)).toThrow(TypeError);
  });

  it.each([undefined, null, 7, 'POST', {}])('refuses %j, which is no request', (value) => {
    expect(() => idempotencyOf(value, undefined)).toThrow(TypeError);
  });

  it('refuses an option that is not there', () => {
    expect(() => idempotencyOf(request(), undefined, { require: false } as never)).toThrow(TypeError);
  });
});
