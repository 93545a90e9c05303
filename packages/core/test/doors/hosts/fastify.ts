import type http from 'node:http';
import type http2 from 'node:http2';
import { PassThrough } from 'node:stream';
import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { overHttp, overHttp2 } from './clients.ts';
import { collect, type Host, handling, ORIGIN, refusal, store } from './host.ts';

function routes(api: FastifyInstance): void {
  api.get('/hello', async (request, reply) => {
    handling(request);
    reply.header('set-cookie', 'app=1');
    return 'hello';
  });
  api.post('/echo', async (request) => {
    handling(request);
    return `${store.getStore()} ${request.body}`;
  });
  api.get('/refuse', async (request) => {
    handling(request);
    throw refusal();
  });
  api.get('/hang', () => new Promise(() => {}));
  api.get('/part', async (_request, reply) => {
    const body = new PassThrough();
    body.write('part');
    return reply.send(body);
  });
}

async function prepared(app: FastifyInstance): Promise<FastifyInstance> {
  await app.register(cors, { origin: [ORIGIN], exposedHeaders: ['X-Own'] });
  app.addContentTypeParser('*', (_request, payload, done) => collect(payload, (body) => done(null, body)));
  return app;
}

export const fastifyHosts: readonly Host[] = [
  {
    name: 'Fastify 5',
    mount: '',
    transport: 'http',
    start: async (door) => {
      const app = await prepared(Fastify());
      await app.register(door.fastify());
      routes(app);
      await app.ready();
      return overHttp(app.server);
    },
  },
  {
    name: 'Fastify 5 with a prefix',
    mount: '/api',
    transport: 'http',
    start: async (door) => {
      const app = await prepared(Fastify());
      await app.register(door.fastify({ prefix: '/api' }));
      await app.register(
        (api, _options, done) => {
          routes(api);
          done();
        },
        { prefix: '/api' },
      );
      await app.ready();
      return overHttp(app.server);
    },
  },
  {
    name: 'Fastify 5 with the prefix of register',
    mount: '/api',
    transport: 'http',
    start: async (door) => {
      const app = await prepared(Fastify());
      await app.register(door.fastify(), { prefix: '/api' });
      await app.register(
        (api, _options, done) => {
          routes(api);
          done();
        },
        { prefix: '/api' },
      );
      await app.ready();
      return overHttp(app.server);
    },
  },
  {
    name: 'Fastify 5 in a prefixed scope',
    mount: '/api',
    transport: 'http',
    start: async (door) => {
      const app = await prepared(Fastify());
      await app.register(
        (api, _options, done) => {
          api.register(door.fastify());
          routes(api);
          // Without a route that matches, Fastify runs no hook of this scope.
          api.all('/', async () => 'root');
          api.all('/nowhere', async () => 'nowhere');
          done();
        },
        { prefix: '/api' },
      );
      await app.ready();
      return overHttp(app.server as http.Server);
    },
  },
  {
    name: 'Fastify 5 over HTTP/2',
    mount: '',
    transport: 'http2',
    start: async (door) => {
      const app = await prepared(Fastify({ http2: true }) as unknown as FastifyInstance);
      await app.register(door.fastify());
      routes(app);
      await app.ready();
      return overHttp2(app.server as unknown as http2.Http2Server);
    },
  },
];
