import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import express4 from 'express-4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, describe, expect, test } from 'vitest';
import { type Affinity, createAffinity } from '../src/index.ts';
import { NAVIGATION, type Name, regionsOf, wellView } from './helpers.ts';

const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}
type Ask = (path: string, headers?: Record<string, string>, method?: string) => Promise<Answer>;

/** The routes every app below has. */
const COOKIES = ['session=1; Path=/', 'theme=dark'];

function listening(server: Server): Promise<number> {
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

function askOver(port: number): Ask {
  return (path, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const request = httpRequest({
        port,
        host: '127.0.0.1',
        path,
        method,
        headers: { connection: 'close', ...headers },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      request.end();
    });
}

function handler(affinity: Affinity<Name>) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?')[0];
    if (path === '/pin') affinity.pin('ap-south-1');
    if (path === '/object') response.writeHead(200, { 'Set-Cookie': COOKIES });
    else if (path === '/flat')
      response.writeHead(200, ['Set-Cookie', COOKIES[0], 'Set-Cookie', COOKIES[1]] as string[]);
    else if (path === '/message') response.writeHead(200, 'Fine', { 'set-cookie': COOKIES });
    else if (path === '/implicit') response.setHeader('Set-Cookie', COOKIES);
    else if (path === '/public') response.setHeader('Cache-Control', 'public, max-age=60');
    response.end('served');
  };
}

const doors: readonly (readonly [string, (affinity: Affinity<Name>) => Promise<Ask>])[] = [
  ['node:http', async (affinity) => askOver(await listening(createServer(affinity.node(handler(affinity) as never))))],
  [
    'connect',
    async (affinity) => {
      const middleware = affinity.node();
      return askOver(
        await listening(createServer((req, res) => middleware(req, res, () => handler(affinity)(req, res)))),
      );
    },
  ],
  ...(
    [
      ['express 5', express],
      ['express 4', express4],
    ] as const
  ).map(
    ([name, make]) =>
      [
        name,
        async (affinity: Affinity<Name>) => {
          const app = make();
          app.use(affinity.express() as never);
          app.use('/', handler(affinity) as never);
          return askOver(await listening(createServer(app)));
        },
      ] as const,
  ),
  [
    'koa',
    async (affinity) => {
      const app = new Koa();
      app.use(affinity.koa());
      app.use((context) => {
        if (context.path === '/pin') affinity.pin('ap-south-1');
        if (/object|flat|message|implicit/.test(context.path)) context.set('Set-Cookie', COOKIES);
        if (context.path === '/public') context.set('Cache-Control', 'public, max-age=60');
        context.body = 'served';
      });
      return askOver(await listening(createServer(app.callback())));
    },
  ],
  [
    'fastify',
    async (affinity) => {
      const app = fastify();
      closing.push(() => app.close());
      await app.register(affinity.fastify());
      app.all('/*', async (request, reply) => {
        if (request.url === '/pin') affinity.pin('ap-south-1');
        if (/object|flat|message|implicit/.test(request.url)) reply.header('Set-Cookie', COOKIES);
        if (request.url === '/public') reply.header('Cache-Control', 'public, max-age=60');
        return 'served';
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return askOver((app.server.address() as AddressInfo).port);
    },
  ],
  [
    'hono on Node',
    async (affinity) =>
      new Promise((resolve) => {
        const server = serve({ fetch: honoApp(affinity).fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
          resolve(askOver(port)),
        );
        closing.push(() => new Promise((done) => server.close(done)));
      }),
  ],
  ['hono as a fetch handler', async (affinity) => askFetch(async (request) => honoApp(affinity).fetch(request))],
  [
    'fetch',
    async (affinity) =>
      askFetch(
        affinity.fetch(async (request) => {
          const { pathname } = new URL(request.url);
          if (pathname === '/pin') affinity.pin('ap-south-1');
          const headers = new Headers();
          if (/object|flat|message|implicit/.test(pathname))
            for (const value of COOKIES) headers.append('set-cookie', value);
          if (pathname === '/public') headers.set('cache-control', 'public, max-age=60');
          return new Response('served', { headers });
        }),
      ),
  ],
  [
    'http2',
    async (affinity) => {
      const port = await listening(
        createHttp2Server(affinity.node(handler(affinity) as never) as never) as unknown as Server,
      );
      const session = connect(`http://127.0.0.1:${port}`);
      closing.unshift(() => session.destroy());
      return (path, headers = {}, method = 'GET') =>
        new Promise((resolve, reject) => {
          const { host, ...rest } = headers;
          const stream = session.request({
            ':path': path,
            ':method': method,
            ...(host && { ':authority': host }),
            ...rest,
          });
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
          stream.end();
        });
    },
  ],
];

function honoApp(affinity: Affinity<Name>): Hono {
  const app = new Hono();
  app.use(affinity.hono());
  app.all('*', (context) => {
    if (context.req.path === '/pin') affinity.pin('ap-south-1');
    if (/object|flat|message|implicit/.test(context.req.path)) {
      for (const value of COOKIES) context.header('set-cookie', value, { append: true });
    }
    if (context.req.path === '/public') context.header('cache-control', 'public, max-age=60');
    return context.text('served');
  });
  return app;
}

function askFetch(fetchHandler: (request: Request) => Response | Promise<Response>): Ask {
  return async (path, headers = {}, method = 'GET') => {
    const { host = 'app.example.com', ...rest } = headers;
    const response = await fetchHandler(new Request(`http://${host}${path}`, { method, headers: { host, ...rest } }));
    return {
      status: response.status,
      headers: { ...Object.fromEntries(response.headers), 'set-cookie': response.headers.getSetCookie() },
      text: await response.text(),
    };
  };
}

const US = 'region=us-east-1; Max-Age=3600; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax';
const AP = US.replace('us-east-1', 'ap-south-1');
const GLOBAL = { host: 'app.example.com' } as const;
const cookiesOf = (answer: Answer): readonly string[] => [answer.headers['set-cookie'] ?? []].flat();

describe.each(doors)('affinity on %s', (_name, open) => {
  const start = async (): Promise<Ask> => {
    const regions = regionsOf();
    return open(
      createAffinity({
        regions,
        view: wellView(regions, performance.now()),
        pin: true,
        cookie: { domain: 'example.com' },
      }),
    );
  };

  test('adds its cookie to those the app sets, in every way of writing a head', async () => {
    const ask = await start();
    for (const path of ['/object', '/flat', '/message', '/implicit']) {
      const answer = await ask(path, GLOBAL);
      expect(answer.text).toBe('served');
      expect([path, ...cookiesOf(answer)]).toEqual([path, ...COOKIES, US]);
    }
    expect(cookiesOf(await ask('/plain', { ...GLOBAL, cookie: 'region=us-east-1' }))).toEqual([]);
    expect(cookiesOf(await ask('/public', GLOBAL))).toEqual([]);
  });

  test('puts nothing of one client on an answer that a shared cache may keep, and says so where nobody has', async () => {
    const ask = await start();
    const control = async (path: string, headers: Record<string, string>): Promise<unknown> =>
      (await ask(path, { ...GLOBAL, ...headers })).headers['cache-control'];
    expect(await control('/plain', {})).toBe('private');
    expect(await control('/plain', { cookie: 'region=eu-west-1' })).toBe('private');
    expect(await control('/plain', { cookie: 'region=us-east-1' })).toBeUndefined();
    expect(await control('/public', {})).toBe('public, max-age=60');
  });

  test('redirects a navigation once, and hints anything else', async () => {
    const ask = await start();
    const headers = { ...GLOBAL, ...NAVIGATION, cookie: 'region=eu-west-1' };
    const redirect = await ask('/a?b=%20c', headers);
    expect(redirect.status).toBe(307);
    expect(redirect.headers['location']).toBe('https://app-eu.example.com/a?b=%20c');
    expect(redirect.headers['cache-control']).toBe('no-store');
    expect(redirect.headers['vary']).toBe('Cookie, Sec-Fetch-Mode');
    expect(redirect.text).toBe('');
    expect(cookiesOf(redirect).map((value) => value.split(';')[0])).toEqual(['region-hop=eu-west-1']);

    const again = await ask('/a', { ...headers, cookie: `${headers.cookie}; region-hop=eu-west-1` });
    expect([again.status, again.text]).toEqual([200, 'served']);
    const posted = await ask('/a', headers, 'POST');
    expect([posted.status, posted.text, posted.headers['x-region-hint']]).toEqual([200, 'served', 'eu-west-1']);
    for (const [name, untouched] of [
      ['OPTIONS', { 'access-control-request-method': 'POST', origin: 'https://a.example' }],
      ['GET', { 'x-region-hop': 'anything' }],
    ] as const) {
      const left = await ask('/a', { ...GLOBAL, ...untouched, cookie: 'region=eu-west-1' }, name);
      expect([left.headers['x-region-hint'], cookiesOf(left)]).toEqual([undefined, []]);
    }
    const probed = await ask('/health/read', headers);
    expect([probed.status, cookiesOf(probed)]).toEqual([200, []]);
  });

  test('lets a handler pin its client elsewhere', async () => {
    const ask = await start();
    expect(cookiesOf(await ask('/pin', GLOBAL))).toEqual([AP]);
    expect(cookiesOf(await ask('/pin', { ...GLOBAL, cookie: 'region=us-east-1' }))).toEqual([AP]);
    expect(cookiesOf(await ask('/plain', { ...GLOBAL, cookie: 'region=us-east-1' }))).toEqual([]);
  });
});

test('a mounted app is redirected to the whole of its path', async () => {
  const regions = regionsOf();
  const affinity = createAffinity({
    regions,
    view: wellView(regions, performance.now()),
    cookie: { domain: 'example.com' },
  });
  const app = express();
  const shop = express();
  shop.use(affinity.express() as never);
  app.use('/shop', shop);
  const ask = askOver(await listening(createServer(app)));
  const answer = await ask('/shop/cart?x=1', { ...GLOBAL, ...NAVIGATION, cookie: 'region=eu-west-1' });
  expect(answer.headers['location']).toBe('https://app-eu.example.com/shop/cart?x=1');
});

test.each([
  '//evil.com/x',
  '/\\evil.com',
  '/%5C%5Cevil.com',
  '/@evil.com',
  '/..//evil.com',
  '/%0d%0aSet-Cookie:a=1',
  'http://evil.com/',
])('the raw target %s never leads out of the configuration', async (path) => {
  const regions = regionsOf();
  const affinity = createAffinity({
    regions,
    view: wellView(regions, performance.now()),
    cookie: { domain: 'example.com' },
  });
  const ask = askOver(await listening(createServer(affinity.node((_req, res) => res.end('served')))));
  const answer = await ask(path, { ...GLOBAL, ...NAVIGATION, cookie: 'region=eu-west-1' });
  const { location } = answer.headers;
  if (location === undefined) expect(answer.text).toBe('served');
  else expect(new URL(location as string).origin).toBe('https://app-eu.example.com');
});
