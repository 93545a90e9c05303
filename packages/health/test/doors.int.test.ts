import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import express4 from 'express-4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, expect, test } from 'vitest';
import { checks, createHealth, type Health } from '../src/index.ts';
import { deferred, SECRET, signedQuestion, TOKEN, threeRegions } from './helpers/fixtures.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(server: http.Server): Promise<string> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An app with one route of its own, and health below `prefix`. */
type Start = (health: Health<string>, prefix: string) => Promise<string>;

const apps: Readonly<Record<string, Start>> = {
  'express 5': (health, prefix) => {
    const app = express();
    app.use(prefix || '/', health.express());
    app.get('/orders', (_request, response) => void response.send('orders'));
    return listen(http.createServer(app));
  },
  'express 4': (health, prefix) => {
    const app = express4();
    app.use(prefix || '/', health.express());
    app.get('/orders', (_request: unknown, response: { send(body: string): void }) => response.send('orders'));
    return listen(http.createServer(app));
  },
  koa: (health, prefix) => {
    const app = new Koa();
    const middleware = health.koa();
    // Koa mounts nothing by itself: what koa-mount does.
    app.use(async (context, next) => {
      if (!context.path.startsWith(prefix)) return next();
      const { path } = context;
      context.path = path.slice(prefix.length);
      return middleware(context, async () => {
        context.path = path;
        await next();
      });
    });
    app.use((context) => {
      if (context.path === '/orders') context.body = 'orders';
    });
    return listen(http.createServer(app.callback()));
  },
  fastify: async (health, prefix) => {
    const app = Fastify();
    await app.register(health.fastify({ prefix }));
    app.get('/orders', async () => 'orders');
    await app.ready();
    closers.push(() => app.close());
    await app.listen({ port: 0, host: '127.0.0.1' });
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  },
  hono: async (health, prefix) => {
    const inner = new Hono();
    inner.use(health.hono());
    const app = new Hono();
    app.route(prefix || '/', inner);
    app.get('/orders', (context) => context.text('orders'));
    const server = await new Promise<http.Server>((resolve) => {
      const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () =>
        resolve(started as http.Server),
      );
    });
    return listen(server);
  },
  'node:http': (health) => {
    const app: http.RequestListener = (request, response) => {
      response.writeHead(request.url === '/orders' ? 200 : 404).end('orders');
    };
    return listen(http.createServer(health.node(app as never) as http.RequestListener));
  },
};

for (const [name, start] of Object.entries(apps)) {
  for (const prefix of name === 'node:http' ? [''] : ['', '/ops']) {
    test(`${name}, mounted at ${prefix || '/'}: every route answers, and the app's own go through`, async () => {
      const health = createHealth({
        regions: threeRegions(),
        token: TOKEN,
        peers: { secret: SECRET, fetch: () => new Promise(() => {}) },
      });
      closers.push(() => health.close());
      let fails = false;
      health.check('db', () => ({ status: fails ? 'fail' : 'pass' }), {
        affects: ['reads'],
        failAfter: 1,
        intervalMs: 20,
      });
      await health.ready();
      const origin = await start(health as Health<string>, prefix);
      const at = (path: string, init?: RequestInit) =>
        fetch(`${origin}${prefix}${path}`, { redirect: 'manual', ...init });

      for (const path of ['/health', '/health/read', '/health/write', '/livez', '/readyz', '/health?x=1', '/health/']) {
        const answer = await at(path);
        expect([path, answer.status]).toEqual([path, 200]);
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('content-type')).toBe('application/health+json');
        expect(await answer.text()).toMatch(/^\{"status":"pass"/);
        const head = await at(path, { method: 'HEAD' });
        expect([head.status, await head.text()]).toEqual([200, '']);
      }
      const post = await at('/health', { method: 'POST', body: 'x'.repeat(100_000) });
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      const conditional = await at('/health', {
        headers: {
          'if-none-match': '*',
          'if-modified-since': new Date().toUTCString(),
          range: 'bytes=0-1',
          'accept-encoding': 'gzip',
        },
      });
      expect(conditional.status).toBe(200);
      expect(await conditional.json()).toMatchObject({ status: 'pass', accept: 'yes' });
      const detail = await at('/health', { headers: { authorization: `Bearer ${TOKEN}` } });
      expect(await detail.json()).toMatchObject({ checks: { db: [{ status: 'pass' }] } });
      const document = await at('/health/region', { headers: signedQuestion({ atMs: Date.now() }) });
      expect([document.status, (await document.text()).split('.').length]).toEqual([200, 2]);
      expect((await at('/health/region')).status).toBe(400);

      const orders = await fetch(`${origin}/orders`);
      expect([orders.status, await orders.text()]).toEqual([200, 'orders']);
      expect((await fetch(`${origin}/nowhere`)).status).toBe(404);

      fails = true;
      await expect.poll(async () => (await at('/health')).status).toBe(503);
      expect(await (await at('/health')).text()).toMatch(/^\{"status":"fail"/);
      expect((await at('/livez')).status).toBe(200);
      health.drain();
      expect((await at('/readyz')).status).toBe(503);
    });
  }
}

test('HTTP/1.0, and a prober that sends its request byte by byte, are answered', async () => {
  const health = createHealth({ regions: threeRegions() });
  closers.push(() => health.close());
  const origin = new URL(await (apps['node:http'] as Start)(health as Health<string>, ''));
  const talk = async (lines: string, slowly: boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = net.connect(Number(origin.port), origin.hostname);
      let heard = '';
      socket.on('data', (chunk) => {
        heard += String(chunk);
        if (heard.includes('}')) socket.destroy();
      });
      socket.on('close', () => resolve(heard));
      socket.on('error', reject);
      const send = (at: number): void => {
        if (!slowly) socket.write(lines);
        else if (at < lines.length) socket.write(lines[at] as string, () => setImmediate(send, at + 1));
      };
      send(0);
    });
  expect(await talk('GET /health HTTP/1.0\r\n\r\n', false)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{"status":"pass"/);
  expect(await talk('GET /health HTTP/1.1\r\nHost: x\r\n\r\n', true)).toMatch(/^HTTP\/1\.1 200 /);
});

test('over HTTP/2 too', async () => {
  const health = createHealth({ regions: threeRegions() });
  closers.push(() => health.close());
  const server = http2.createServer(
    health.node(((_request: unknown, response: http2.Http2ServerResponse) => response.end('app')) as never) as never,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closers.push(() => session.close());
  const stream = session.request({ ':path': '/health?x' });
  const status = await new Promise((resolve) => stream.on('response', (head) => resolve(head[':status'])));
  stream.close();
  expect(status).toBe(200);
});

test('a thousand probes at once, while a dependency hangs, are all answered and run nothing', async () => {
  const health = createHealth({ regions: threeRegions() });
  closers.push(() => health.close());
  let runs = 0;
  const hang = deferred();
  closers.push(() => hang.resolve());
  health.check(
    'db',
    () => {
      runs += 1;
      return hang.promise;
    },
    { affects: ['reads'], timeoutMs: 50, intervalMs: 10_000 },
  );
  await health.ready();
  const origin = await (apps['node:http'] as Start)(health as Health<string>, '');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 200 });
  closers.push(() => agent.destroy());
  const statuses = await Promise.all(
    Array.from(
      { length: 1_000 },
      () =>
        new Promise<number>((resolve, reject) => {
          http
            .get(`${origin}/health`, { agent }, (response) => {
              response.resume();
              response.on('end', () => resolve(response.statusCode ?? 0));
            })
            .on('error', reject);
        }),
    ),
  );
  expect([new Set(statuses), runs]).toEqual([new Set([503]), 1]);
});

test('under real load a slow dependency is seen in the latency of the handlers, probes and answers of others are not', async () => {
  const health = createHealth({ regions: threeRegions(), token: TOKEN });
  closers.push(() => health.close());
  health.check('p99', checks.latency({ warnMs: 40, failMs: 10_000, windowMs: 100 }), {
    scope: 'relative',
    intervalMs: 20,
  });
  let delayMs = 0;
  const app = express();
  app.use(health.express());
  app.get('/orders', (_request, response) => void setTimeout(() => response.send('orders'), delayMs));
  const origin = await listen(http.createServer(app));
  const get = (path: string): Promise<unknown> => fetch(`${origin}${path}`).then((answer) => answer.arrayBuffer());
  const observed = async (): Promise<unknown> => {
    const answer = await fetch(`${origin}/health`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return ((await answer.json()) as { checks: { p99: [{ observedValue?: number; status: string }] } }).checks.p99[0];
  };
  delayMs = 60;
  for (let at = 0; at < 3; at += 1) await get('/orders');
  for (let at = 0; at < 300; at += 1) await get('/health');
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(await observed()).toMatchObject({ status: 'pass' });
  const loaded = async (): Promise<unknown> => {
    await Promise.all(Array.from({ length: 25 }, () => get('/orders')));
    return observed();
  };
  await expect.poll(loaded).toMatchObject({ status: 'warn' });
  expect((await fetch(`${origin}/health`)).status).toBe(200);
});
