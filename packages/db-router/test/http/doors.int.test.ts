import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { serve as serveHono } from '@hono/node-server';
import { compose, type Decider, withDoors } from '@regionkit/core';
import express from 'express';
import express4 from 'express-4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { NotPrimaryRegionError } from '../../src/errors.ts';
import type { WriteGate } from '../../src/http/index.ts';
import { ask as askRaw } from './answer.ts';
import { listen, type Running, type StubRouter, serve } from './helpers.ts';
import { bodyOf, gateOf, type Options, started } from './pair.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}
type Ask = (method: string, path: string, headers?: Readonly<Record<string, string>>, body?: string) => Promise<Answer>;
type Handler = (path: string) => string;

function askOver(port: number): Ask {
  return async (method, path, headers = {}, body = '') => {
    const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    const fields = [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), ...length];
    const answer = await askRaw(port, method, path, fields, Buffer.from(body).toString('latin1'));
    const all: Record<string, string | string[]> = {};
    for (const [name, value] of answer.fields) {
      const key = name.toLowerCase();
      all[key] = key in all ? [all[key] as string, value].flat() : value;
    }
    return { status: answer.status, headers: all, text: Buffer.from(answer.body, 'latin1').toString() };
  };
}

function askFetch(handler: (request: Request) => Response | Promise<Response>): Ask {
  return async (method, path, headers = {}, body = '') => {
    const response = await handler(
      new Request(`http://app.example.com${path}`, { method, headers, ...(body !== '' && { body }) }),
    );
    return {
      status: response.status,
      headers: { ...Object.fromEntries(response.headers), 'set-cookie': response.headers.getSetCookie() },
      text: await response.text(),
    };
  };
}

/** Each app allows its origin before the gate, runs `handler` behind it, and handles no error itself. */
const doors: readonly (readonly [string, (gate: WriteGate, handler: Handler) => Promise<Ask>])[] = [
  ...(
    [
      ['Express 5', express],
      ['Express 4', express4],
    ] as const
  ).map(
    ([name, make]) =>
      [
        name,
        async (gate: WriteGate, handler: Handler) => {
          const app = make();
          app.use((_request, response, next) => {
            response.setHeader('Access-Control-Allow-Origin', '*');
            next();
          });
          app.use(gate.express() as never);
          app.use(make.json() as never);
          app.use((request, response) => void response.send(handler(request.path)));
          return askOver((await started(listen(createServer(app)))).port);
        },
      ] as const,
  ),
  [
    'Koa',
    async (gate, handler) => {
      const app = new Koa();
      app.silent = true;
      app.use((context, next) => {
        context.set('Access-Control-Allow-Origin', '*');
        return next();
      });
      app.use(gate.koa());
      app.use((context) => {
        context.body = handler(context.path);
      });
      return askOver((await started(listen(createServer(app.callback())))).port);
    },
  ],
  [
    'Fastify',
    async (gate, handler) => {
      const app = fastify();
      closing.push(() => app.close());
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('Access-Control-Allow-Origin', '*');
      });
      await app.register(gate.fastify());
      app.all('/*', async (request) => handler(request.url.split('?')[0] as string));
      await app.listen({ port: 0, host: '127.0.0.1' });
      return askOver((app.server.address() as AddressInfo).port);
    },
  ],
  [
    'Hono on Node',
    (gate, handler) =>
      new Promise((resolve) => {
        const server = serveHono({ fetch: honoApp(gate, handler).fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
          resolve(askOver(port)),
        );
        closing.push(() => new Promise((closed) => server.close(closed)));
      }),
  ],
  ['Hono as a fetch handler', async (gate, handler) => askFetch((request) => honoApp(gate, handler).fetch(request))],
];

function honoApp(gate: WriteGate, handler: Handler): Hono {
  const app = new Hono();
  app.use((context, next) => {
    context.header('Access-Control-Allow-Origin', '*');
    return next();
  });
  app.use(gate.hono());
  app.all('*', (context) => context.text(handler(context.req.path)));
  return app;
}

/** Bare servers have no error handler of their own. */
const bare: typeof doors = [
  [
    'node:http',
    async (gate, handler) => {
      const listener = gate.node((request, response) => {
        (response as ServerResponse).end(handler(request.url?.split('?')[0] as string));
      });
      const server = createServer((request, response) => {
        response.setHeader('Access-Control-Allow-Origin', '*');
        listener(request, response);
      });
      return askOver((await started(listen(server))).port);
    },
  ],
  [
    'http2',
    async (gate, handler) => {
      const listener = gate.node((request, response) => {
        (response as ServerResponse).end(handler(request.url?.split('?')[0] as string));
      });
      const server = createHttp2Server((request, response) => {
        response.setHeader('Access-Control-Allow-Origin', '*');
        listener(request as never, response as never);
      });
      const { port } = await started(listen(server as never));
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      closing.push(() => session.destroy());
      return askHttp2(session);
    },
  ],
  [
    'fetch',
    async (gate, handler) => {
      const door = gate.fetch(async (request) => new Response(handler(new URL(request.url).pathname)));
      return askFetch(async (request) => {
        const response = await door(request);
        response.headers.set('Access-Control-Allow-Origin', '*');
        return response;
      });
    },
  ],
];

function askHttp2(session: ClientHttp2Session): Ask {
  return (method, path, headers = {}, body = '') =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': method, ':path': path, ...headers });
      let text = '';
      let answered: Record<string, string | string[] | undefined> = {};
      stream.setEncoding('utf8').on('error', reject);
      stream.on('response', (fields) => {
        answered = fields as never;
      });
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => resolve({ status: Number(answered[':status']), headers: answered, text }));
      if (body === '') stream.end();
      else stream.end(body);
    });
}

/** The region of the primary: an echo that sets two cookies. */
function primary(): Promise<Running> {
  return started(
    serve((request: IncomingMessage, response: ServerResponse) => {
      void bodyOf(request).then((body) => {
        response.setHeader('Set-Cookie', ['a=1', 'region-token=new; Path=/']);
        response.setHeader('X-Seen', String(request.headers['cookie'] ?? 'none'));
        response.setHeader('X-Region-Token', 'new');
        response.writeHead(201, { 'Content-Type': 'text/plain' });
        response.end(`${request.method} ${request.url} ${body}`);
      });
    }),
  );
}

async function setUp(
  open: (typeof doors)[number][1],
  options: Options & { prepare?: (router: StubRouter) => void } = {},
): Promise<{ ask: Ask; router: StubRouter; handled: string[] }> {
  const us = await primary();
  const { prepare, ...rest } = options;
  const { gate, router } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' }, rest);
  prepare?.(router);
  const handled: string[] = [];
  const ask = await open(gate, (path) => {
    handled.push(path);
    if (path === '/throw') throw new NotPrimaryRegionError('us-east-1');
    return `local ${router.entered}`;
  });
  return { ask, router, handled };
}

describe.each([...doors, ...bare])('the gate on %s', (_name, open) => {
  test('forwards a write whole, before its body is read, and adds nothing to its answer', async () => {
    const complained = vi.spyOn(console, 'error');
    const { ask, router, handled } = await setUp(open);
    const body = JSON.stringify({ text: 'h\u00e9llo', many: 'x'.repeat(100_000) });
    const headers = { 'content-type': 'application/json', cookie: 'region-token=old' };
    const answer = await ask('POST', '/orders?x=1', headers, body);
    expect([answer.status, answer.text]).toEqual([201, `POST /orders?x=1 ${body}`]);
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'region-token=new; Path=/']);
    expect([answer.headers['x-seen'], answer.headers['x-region-token']]).toEqual(['region-token=old', 'new']);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(await ask('DELETE', '/orders/1')).toMatchObject({ status: 201, text: 'DELETE /orders/1 ' });
    expect([handled, router.scopes]).toEqual([[], []]);
    expect(complained).not.toHaveBeenCalled();
  });

  test('runs a read inside a scope with its tokens, and puts the new one on the answer', async () => {
    const { ask, router } = await setUp(open, { token: { cookie: { domain: '127.0.0.1' } } });
    router.issued = { written: 'v1.new' };
    const answer = await ask('GET', '/', { cookie: 'region-token=v1.cookie', 'x-region-token': 'v1.field' });
    expect([answer.status, answer.text]).toEqual([200, 'local 1']);
    expect(router.scopes).toEqual([{ tokens: ['v1.field', 'v1.cookie'], access: 'read' }]);
    expect([answer.headers['set-cookie']].flat()).toEqual([
      'region-token=v1.new; Max-Age=300; Domain=127.0.0.1; Path=/; HttpOnly; SameSite=Lax',
    ]);
    expect(answer.headers['x-region-token']).toBe('v1.new');
  });

  test('refuses under reject, keeping what was allowed before it', async () => {
    const { ask, handled } = await setUp(open, {
      prepare: (router) => {
        router.writes = 'reject';
      },
    });
    const answer = await ask('POST', '/orders', { origin: 'https://a.example' }, 'x');
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({
      'retry-after': '1',
      'x-region-hint': 'us-east-1',
      'content-type': 'application/problem+json',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'X-Region-Hint, Retry-After',
    });
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION', region: 'us-east-1' });
    expect(handled).toEqual([]);
  });

  test('answers 503 by itself when a primary cannot be looked for', async () => {
    const { ask, handled } = await setUp(open, {
      prepare: (router) => {
        router.primary = undefined;
        router.hold = () => Promise.reject(new TypeError('a fault'));
      },
    });
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    expect((await ask('POST', '/orders', {}, 'x')).status).toBe(503);
    warned.mockRestore();
    expect(handled).toEqual([]);
  });
});

describe.each(doors)('NotPrimaryRegionError in a handler, through the default error handler of %s', (_name, open) => {
  test('answers for itself: 503, when to come again, and where', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { ask, handled } = await setUp(open);
    const answer = await ask('GET', '/throw');
    vi.restoreAllMocks();
    expect([answer.status, answer.headers['retry-after'], answer.headers['x-region-hint']]).toEqual([
      503,
      '1',
      'us-east-1',
    ]);
    // It is not run again elsewhere: what it did before it failed would be done twice.
    expect(handled).toEqual(['/throw']);
  });
});

test.each([
  ['Express 5', express],
  ['Express 4', express4],
] as const)('a body parser before the gate on %s is an error that names the fix, and no hang', async (_name, make) => {
  const us = await primary();
  const { gate } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' });
  const app = make();
  app.use(make.json() as never);
  app.use(gate.express() as never);
  const ask = askOver((await started(listen(createServer(app)))).port);
  const answer = await ask('POST', '/', { 'content-type': 'application/json' }, '{"a":1}');
  expect(answer.status).toBe(500);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'ERR_FORWARD_BODY_CONSUMED', outcome: 'not-sent' });
  // What it did not parse is forwarded.
  expect(await ask('POST', '/', { 'content-type': 'text/plain' }, 'plain')).toMatchObject({
    status: 201,
    text: 'POST / plain',
  });
});

test('a fetch Request that was used before the gate is such an error too', async () => {
  const us = await primary();
  const { gate } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' });
  const door = gate.fetch(() => new Response('local'));
  const used = new Request('http://app.example.com/', { method: 'POST', body: 'x' });
  await used.text();
  const response = await door(used);
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
    500,
    'ERR_FORWARD_BODY_CONSUMED',
  ]);
});

describe('the gate composed with a decider that hooks the answer', () => {
  const affinity = (): Decider => ({
    kind: 'affinity',
    decide: () => ({
      action: 'next',
      reason: 'hint',
      onHead: (head) => {
        if (head.get('x-region-hint').length === 0) head.set('X-Region-Hint', 'us-east-1');
        head.append('Set-Cookie', 'region=eu-west-1');
      },
    }),
  });

  test('lets it see the answers it forwards and refuses, with one hint each', async () => {
    const us = await primary();
    const { gate, router } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' });
    const door = compose(affinity(), gate);
    const ask = askOver((await started(serve(door.node(() => {}) as never))).port);
    const forwarded = await ask('POST', '/', {}, 'x');
    expect(forwarded.headers['set-cookie']).toEqual(['a=1', 'region-token=new; Path=/', 'region=eu-west-1']);
    expect(forwarded.headers['x-region-hint']).toBe('us-east-1');
    router.writes = 'reject';
    const refused = await ask('POST', '/', {}, 'x');
    expect([refused.status, refused.headers['x-region-hint']]).toEqual([503, 'us-east-1']);
  });

  test('comes last, and says so when it was put first', async () => {
    const { gate } = gateOf('eu-west-1', { 'us-east-1': 'http://127.0.0.1:1', 'eu-west-1': 'http://127.0.0.1:2' });
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    compose(affinity(), gate);
    expect(warned).not.toHaveBeenCalled();
    compose(gate, withDoors(affinity()));
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });
});
