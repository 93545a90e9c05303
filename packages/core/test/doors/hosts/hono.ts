import type http from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import type { Decider, WithDoors } from '../../../src/index.ts';
import { overFetch, overHttp } from './clients.ts';
import { type Host, handling, ORIGIN, refusal, store } from './host.ts';

function routes(api: Hono): Hono {
  api.use(async (context, next) => {
    handling(context);
    await next();
  });
  api.get('/hello', (context) => {
    setCookie(context, 'app', '1');
    return context.text('hello');
  });
  api.post('/echo', async (context) => {
    const body = await context.req.text();
    return context.text(`${store.getStore()} ${body}`);
  });
  api.get('/refuse', () => {
    throw refusal();
  });
  api.get('/hang', () => new Promise<Response>(() => {}));
  api.get('/part', () => new Response(new ReadableStream({ start: (part) => part.enqueue(Buffer.from('part')) })));
  return api;
}

function honoApp(door: WithDoors<Decider>, mount: 'none' | 'route' | 'basePath' | 'parameter'): Hono {
  const app = new Hono();
  app.use(cors({ origin: ORIGIN, exposeHeaders: ['X-Own'] }));
  if (mount === 'none') {
    app.use(door.hono());
    app.route('/', routes(new Hono()));
  } else if (mount === 'route') {
    const api = new Hono();
    api.use(door.hono());
    app.route('/api', routes(api));
  } else if (mount === 'basePath') {
    const api = app.basePath('/api');
    api.use(door.hono());
    app.route('/api', routes(new Hono()));
  } else {
    app.use('/:version/*', door.hono());
    app.route('/api', routes(new Hono()));
  }
  return app;
}

const mounts = [
  ['Hono 4', 'none'],
  ['Hono 4 in a route', 'route'],
  ['Hono 4 with a base path', 'basePath'],
  ['Hono 4 below a parameter', 'parameter'],
] as const;

export const honoHosts: readonly Host[] = mounts.flatMap(([name, mount]): readonly Host[] => [
  {
    name: `${name} on Node`,
    mount: mount === 'none' ? '' : '/api',
    transport: 'http',
    start: (door) => overHttp(createAdaptorServer({ fetch: honoApp(door, mount).fetch }) as http.Server),
  },
  {
    name: `${name} as a fetch handler`,
    mount: mount === 'none' ? '' : '/api',
    transport: 'fetch',
    start: async (door) => overFetch((request) => honoApp(door, mount).fetch(request)),
  },
]);
