import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import underPressure from '@fastify/under-pressure';
import { createTerminus } from '@godaddy/terminus';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { createHealth } from '@regionkit/health';
import fastify, { type FastifyInstance } from 'fastify';
import { edgeRegions } from '../edge/setting.ts';
import { serving } from '../server-process.ts';

/** One way to answer `GET /health`, with one check of a dependency that is well, or that hangs from its second look on. */
const [, , way, dependency] = process.argv;

const BODY = JSON.stringify({ status: 'pass', reads: 'pass', writes: 'pass', accept: 'yes', phase: 'up' });
const BYTES = Buffer.from(BODY);
const HEAD = { 'content-type': 'application/health+json', 'cache-control': 'no-store' };

const HEAD_OF_BODY = { ...HEAD, 'content-length': BODY.length };

let looks = 0;
const look = (): Promise<void> => {
  looks += 1;
  return dependency === 'hung' && looks > 1 ? new Promise(() => {}) : Promise.resolve();
};
/** As long as regionkit gives it here. */
const TIMEOUT_MS = 200;
const givenUp = (): Promise<never> =>
  new Promise((_done, fail) => setTimeout(fail, TIMEOUT_MS, new Error('the check took too long')));
const regionkit = () => {
  const health = createHealth({
    regions: edgeRegions('us-east-1'),
    defaults: { intervalMs: 500, timeoutMs: TIMEOUT_MS },
  });
  health.check('dependency', look, { affects: ['reads', 'writes'] });
  return health;
};
const notFound = (_request: unknown, response: { writeHead(status: number): { end(): void } }): void =>
  response.writeHead(404).end();

const WAYS: Readonly<Record<string, () => Promise<number>>> = {
  constant: () =>
    onNode(
      (_request: unknown, response: { writeHead(status: number, head: object): unknown; end(body: string): void }) => {
        response.writeHead(200, HEAD_OF_BODY);
        response.end(BODY);
      },
    ),
  regionkit: async () => {
    const health = regionkit();
    await health.ready();
    return onNode(health.node(notFound as never));
  },
  terminus: () =>
    listening(createTerminus(createServer(notFound as never), { healthChecks: { '/health': look }, signals: [] })),
  'terminus-limited': () =>
    listening(
      createTerminus(createServer(notFound as never), {
        healthChecks: { '/health': () => Promise.race([look(), givenUp()]) },
        signals: [],
        logger: () => {},
      }),
    ),
  'fastify-constant': () => {
    const app = fastify();
    app.get('/health', (_request, reply) => reply.headers(HEAD).send(BODY));
    return onFastify(app);
  },
  /** Fastify adds a charset to the content type of a text: only bytes go out as the door sends them. */
  'fastify-same-bytes': () => {
    const app = fastify();
    app.get('/health', (_request, reply) => reply.headers(HEAD).send(BYTES));
    return onFastify(app);
  },
  'regionkit-fastify': async () => {
    const app = fastify();
    const health = regionkit();
    await health.ready();
    app.register(health.fastify() as never);
    return onFastify(app);
  },
  'under-pressure': async () => {
    const app = fastify();
    await app.register(underPressure, {
      exposeStatusRoute: '/health',
      healthCheck: async () => {
        await look();
        return true;
      },
      healthCheckInterval: 500,
    });
    return onFastify(app);
  },
  nest,
};

serving(await (WAYS[way ?? ''] as () => Promise<number>)());

function onNode(handler: unknown): Promise<number> {
  return listening(createServer(handler as never));
}

function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', 2_048, () => resolve((server.address() as AddressInfo).port)),
  );
}

async function onFastify(app: FastifyInstance): Promise<number> {
  app.server.keepAliveTimeout = 60_000;
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 2_048 });
  return (app.server.address() as AddressInfo).port;
}

/** Decorators by hand: the loader of the bench knows none. */
async function nest(): Promise<number> {
  class Probe {
    readonly health: HealthCheckService;
    constructor(health: HealthCheckService) {
      this.health = health;
    }
    check() {
      return this.health.check([
        async () => {
          await look();
          return { dependency: { status: 'up' } };
        },
      ]);
    }
  }
  Inject(HealthCheckService)(Probe, undefined, 0);
  Get()(Probe.prototype, 'check', Object.getOwnPropertyDescriptor(Probe.prototype, 'check') as PropertyDescriptor);
  Controller('health')(Probe);
  class App {}
  Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [Probe] })(App);
  const app = await NestFactory.create(App, { logger: false });
  await app.init();
  const server = app.getHttpServer() as ReturnType<typeof createServer>;
  return listening(server);
}
