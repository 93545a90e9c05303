import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Decider, WithDoors } from '@regionkit/core';
import express5 from 'express';
import express4 from 'express-4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { SessionVerifier } from '../src/index.ts';

export const ORIGIN = 'https://web.example.com';
/** What a CORS middleware before the doors has put on the response. */
const CORS = { 'access-control-allow-origin': ORIGIN, 'access-control-expose-headers': 'X-Own' };

/** The doors of an app: `/open` lets everybody in, `/any` who has a session, `/admin` admins; `/of` asks in the handler. */
interface App {
  readonly sessions: SessionVerifier<never>;
  readonly open: WithDoors<Decider>;
  readonly any: WithDoors<Decider>;
  readonly admin: WithDoors<Decider>;
}

export interface Running {
  readonly port: number;
  close(): Promise<void>;
}

export interface Host {
  readonly name: string;
  /** Whether the host puts CORS before the doors, as the order of an app has it. */
  readonly cors: boolean;
  start(app: App): Promise<Running>;
}

async function listen(server: http.Server): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const doorsOf = (app: App): readonly (readonly [path: string, door: WithDoors<Decider>])[] => [
  ['/open', app.open],
  ['/any', app.any],
  ['/admin', app.admin],
  ['/of', app.open],
];

const greet = ({ sessions }: App, path: string, request: unknown): string =>
  path === '/of' ? sessions.of(request).sub : (sessions.peek(request)?.sub ?? 'nobody');

function expressHost(name: string, create: typeof express5): Host {
  return {
    name,
    cors: true,
    start: (app) => {
      const server = create();
      server.set('env', 'test');
      server.use((_request, response, next) => {
        response.set(CORS);
        next();
      });
      for (const [path, door] of doorsOf(app)) {
        server.all(path, door.express() as never, (request, response) => {
          response.type('text').send(request.method === 'OPTIONS' ? 'preflight' : greet(app, path, request));
        });
      }
      return listen(http.createServer(server));
    },
  };
}

const fastifyHost: Host = {
  name: 'Fastify 5',
  cors: true,
  start: async (app) => {
    const server = Fastify();
    server.addHook('onRequest', (_request, reply, done) => {
      reply.headers(CORS);
      done();
    });
    for (const [path, door] of doorsOf(app)) {
      server.register((scope, _options, done) => {
        scope.register(door.fastify());
        scope.get(path, async (request) => greet(app, path, request));
        scope.options(path, async () => 'preflight');
        done();
      });
    }
    await server.ready();
    return listen(server.server);
  },
};

const koaHost: Host = {
  name: 'Koa 3',
  cors: true,
  start: (app) => {
    const server = new Koa();
    server.silent = true;
    server.use(async (context, next) => {
      context.set(CORS);
      await next();
    });
    for (const [path, door] of doorsOf(app)) {
      const middleware = door.koa();
      server.use((context, next) => (context.path === path ? middleware(context, next) : next()));
    }
    server.use((context) => {
      context.body = context.method === 'OPTIONS' ? 'preflight' : greet(app, context.path, context);
    });
    return listen(http.createServer(server.callback()));
  },
};

function honoApp(app: App): Hono {
  const server = new Hono();
  server.use(async (context, next) => {
    for (const [name, value] of Object.entries(CORS)) context.header(name, value);
    await next();
  });
  for (const [path, door] of doorsOf(app)) {
    server.use(path, door.hono());
    server.all(path, (context) =>
      context.text(context.req.method === 'OPTIONS' ? 'preflight' : greet(app, path, context)),
    );
  }
  return server;
}

const honoHost: Host = {
  name: 'Hono 4 on Node',
  cors: true,
  start: (app) => listen(http.createServer(getRequestListener(honoApp(app).fetch))),
};

const bareHost: Host = {
  name: 'node:http',
  cors: false,
  start: (app) => {
    const routes = new Map(
      doorsOf(app).map(([path, door]) => [
        path,
        door.node((request, response) => {
          try {
            response.end(request.method === 'OPTIONS' ? 'preflight' : greet(app, path, request));
          } catch (error) {
            const { status, headers } = error as { status: number; headers: Record<string, string> };
            response.writeHead(status, headers);
            response.end();
          }
        }),
      ]),
    );
    return listen(
      http.createServer((request, response) => routes.get(request.url?.split('?')[0] ?? '')?.(request, response)),
    );
  },
};

const fetchHost: Host = {
  name: 'a fetch handler',
  cors: false,
  start: (app) => {
    const routes = new Map(
      doorsOf(app).map(([path, door]) => [
        path,
        door.fetch((request) => {
          try {
            return new Response(request.method === 'OPTIONS' ? 'preflight' : greet(app, path, request));
          } catch (error) {
            return (error as { getResponse(): Response }).getResponse();
          }
        }),
      ]),
    );
    const handler = (request: Request): Response | Promise<Response> =>
      routes.get(new URL(request.url).pathname)?.(request) ?? new Response(null, { status: 404 });
    return listen(http.createServer(getRequestListener(handler)));
  },
};

export const hosts: readonly Host[] = [
  expressHost('Express 5', express5),
  expressHost('Express 4', express4 as unknown as typeof express5),
  koaHost,
  fastifyHost,
  honoHost,
  bareHost,
  fetchHost,
];
