import http from 'node:http';
import http2 from 'node:http2';
import { createAdaptorServer } from '@hono/node-server';
import Router, { type RouterMiddleware } from '@koa/router';
import express5 from 'express';
import express4 from 'express-4';
import Fastify, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import mounted from 'koa-mount';
import type { Decider, NodeHandler, NodeRequest, NodeResponse, WithDoors } from '../../../src/index.ts';
import { type Asking, askFetch, askHttp, askHttp2 } from './ask.ts';
import type { Place } from './spellings.ts';

type Door = WithDoors<Decider>;

/** An app whose one handler stands behind a door. `reached` is told of every request that gets to the handler. */
export interface GuardedApp extends Place {
  readonly name: string;
  start(door: Door, reached: () => void): Promise<Asking>;
}

const ADMIN: Place = { mount: '/admin', route: '/report' };
const TENANT: Place = { mount: '/t/acme', route: '/report' };
const NESTED: Place = { mount: '/api/admin', route: '/report' };

function fastify(
  name: string,
  place: Place,
  build: (app: FastifyInstance, door: Door, handler: () => Promise<string>) => unknown,
  options: object = {},
): GuardedApp {
  return {
    ...place,
    name: `Fastify 5: ${name}`,
    start: async (door, reached) => {
      const app = Fastify(options) as unknown as FastifyInstance;
      await build(app, door, async () => {
        reached();
        return 'secret';
      });
      await app.ready();
      return 'http2' in options ? askHttp2(app.server as unknown as http2.Http2Server) : askHttp(app.server);
    },
  };
}

const scoped = (app: FastifyInstance, prefix: string, fill: (scope: FastifyInstance) => unknown): unknown =>
  app.register(
    (scope, _options, done) => {
      fill(scope);
      done();
    },
    { prefix },
  );

const inScope =
  (prefix: string, route = '/report') =>
  (app: FastifyInstance, door: Door, handler: () => Promise<string>): unknown =>
    scoped(app, prefix, (scope) => {
      scope.register(door.fastify());
      scope.all(route, handler);
    });

const fastifyApps: readonly GuardedApp[] = [
  fastify('on the root', ADMIN, async (app, door, handler) => {
    await app.register(door.fastify());
    app.all('/admin/report', handler);
  }),
  fastify('on the root, with a prefix of the door', ADMIN, async (app, door, handler) => {
    await app.register(door.fastify({ prefix: '/admin' }));
    app.all('/admin/report', handler);
  }),
  fastify('on the root, with a prefix of register', ADMIN, async (app, door, handler) => {
    await app.register(door.fastify(), { prefix: '/admin' });
    app.all('/admin/report', handler);
  }),
  fastify('in a scope with a prefix', ADMIN, inScope('/admin')),
  fastify('in a scope with a prefix that ends with a slash', ADMIN, inScope('/admin/')),
  fastify(
    'in a scope with a prefix that is no whole segment',
    { mount: '/admin-', route: 'report' },
    inScope('/admin-', 'report'),
  ),
  fastify('in a scope with an encoded prefix', { mount: '/b%C3%BCro', route: '/report' }, inScope('/büro')),
  fastify('in a scope below a parameter', TENANT, inScope('/t/:tenant')),
  fastify('in a scope below a pattern', { mount: '/t/42', route: '/report' }, inScope('/t/:tenant(^\\d+$)')),
  fastify('in a scope with a wildcard route', ADMIN, inScope('/admin', '/*')),
  fastify('in a scope of a scope', NESTED, (app, door, handler) =>
    scoped(app, '/api', (api) => inScope('/admin')(api, door, handler)),
  ),
  fastify('in a scope around that of the handler', NESTED, (app, door, handler) =>
    scoped(app, '/api', (api) => {
      api.register(door.fastify());
      scoped(api, '/admin', (admin) => admin.all('/report', handler));
    }),
  ),
  fastify(
    'in a scope whose own handler answers what is not found',
    { mount: '/admin', route: '/nowhere' },
    (app, door, handler) =>
      scoped(app, '/admin', (scope) => {
        scope.register(door.fastify());
        scope.setNotFoundHandler(handler);
      }),
  ),
  fastify('in a scope, any case', ADMIN, inScope('/admin'), { routerOptions: { caseSensitive: false } }),
  fastify('in a scope, any case of a parameter', TENANT, inScope('/t/:tenant'), {
    routerOptions: { caseSensitive: false },
  }),
  fastify('in a scope, slashes doubled', ADMIN, inScope('/admin'), {
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
  }),
  fastify('in a scope, query after a semicolon', ADMIN, inScope('/admin'), {
    routerOptions: { useSemicolonDelimiter: true },
  }),
  fastify('in a scope, rewritten', { mount: '/old', route: '/report' }, inScope('/admin'), {
    rewriteUrl: ({ url }: { url?: string }) => (url ?? '').replace('/old', '/admin'),
  }),
  fastify('in a scope, over HTTP/2', ADMIN, inScope('/admin'), { http2: true }),
  fastify('in a scope below a parameter, over HTTP/2', TENANT, inScope('/t/:tenant'), { http2: true }),
];

type ExpressBuild = (
  create: typeof express5,
  app: ReturnType<typeof express5>,
  door: Door,
  handler: (request: unknown, response: { end(body: string): unknown }) => void,
) => void;

const expressBuilds: readonly (readonly [string, Place, ExpressBuild])[] = [
  [
    'on the root',
    ADMIN,
    (_create, app, door, handler) => {
      app.use(door.express());
      app.all('/admin/report', handler);
    },
  ],
  [
    'mounted beside the handler',
    ADMIN,
    (_create, app, door, handler) => {
      app.use('/admin', door.express());
      app.all('/admin/report', handler);
    },
  ],
  [
    'in a router',
    ADMIN,
    (create, app, door, handler) => {
      const admin = create.Router();
      admin.use(door.express());
      admin.all('/report', handler);
      app.use('/admin', admin);
    },
  ],
  [
    'in a router below a parameter',
    TENANT,
    (create, app, door, handler) => {
      const tenant = create.Router();
      tenant.use(door.express());
      tenant.all('/report', handler);
      app.use('/t/:tenant', tenant);
    },
  ],
  [
    'in a router of a router',
    NESTED,
    (create, app, door, handler) => {
      const admin = create.Router();
      admin.use(door.express(), handler);
      app.use('/api', create.Router().use('/admin', admin));
    },
  ],
  [
    'in a router where case and the last slash count',
    ADMIN,
    (create, app, door, handler) => {
      app.enable('case sensitive routing');
      app.enable('strict routing');
      const admin = create.Router({ caseSensitive: true, strict: true });
      admin.use(door.express());
      admin.all('/report', handler);
      app.use('/admin', admin);
    },
  ],
  [
    'on the route',
    ADMIN,
    (_create, app, door, handler) => {
      app.all('/admin/report', door.express(), handler);
    },
  ],
];

const expressApps: readonly GuardedApp[] = (
  [
    ['Express 5', express5],
    ['Express 4', express4 as unknown as typeof express5],
  ] as const
).flatMap(([version, create]) =>
  expressBuilds.map(
    ([name, place, build]): GuardedApp => ({
      ...place,
      name: `${version}: ${name}`,
      start: (door, reached) => {
        const app = create();
        app.set('env', 'test');
        build(create, app, door, (_request, response) => {
          reached();
          response.end('secret');
        });
        return askHttp(http.createServer(app));
      },
    }),
  ),
);

type KoaBuild = (app: Koa, door: Door, handler: Koa.Middleware) => void;

const koaBuilds: readonly (readonly [string, Place, KoaBuild])[] = [
  ['on the root', ADMIN, (app, door, handler) => app.use(door.koa()).use(mounted('/admin/report', handler))],
  [
    'mounted',
    ADMIN,
    (app, door, handler) => app.use(mounted('/admin', new Koa().use(door.koa()).use(mounted('/report', handler)))),
  ],
  [
    'mounted twice',
    NESTED,
    (app, door, handler) =>
      app.use(mounted('/api', new Koa().use(mounted('/admin', new Koa().use(door.koa()).use(handler))))),
  ],
  ...(['/admin', '/t/:tenant'] as const).flatMap((prefix): (readonly [string, Place, KoaBuild])[] => {
    const place = prefix === '/admin' ? ADMIN : TENANT;
    return [
      [
        `on the route of a router at ${prefix}`,
        place,
        (app, door, handler) => {
          const router = new Router({ prefix });
          router.all('/report', door.koa() as RouterMiddleware, handler as RouterMiddleware);
          app.use(router.routes());
        },
      ],
      [
        `in a router at ${prefix} where case counts`,
        place,
        (app, door, handler) => {
          const router = new Router({ prefix, sensitive: true });
          router.use(door.koa() as RouterMiddleware);
          router.all('/report', handler as RouterMiddleware);
          app.use(router.routes());
        },
      ],
      [
        `before a router at ${prefix}`,
        place,
        (app, door, handler) => {
          const router = new Router({ prefix });
          router.all('/report', handler as RouterMiddleware);
          app.use(door.koa()).use(router.routes());
        },
      ],
    ];
  }),
];

const koaApps: readonly GuardedApp[] = koaBuilds.flatMap(([name, place, build]) =>
  [false, true].map(
    (second): GuardedApp => ({
      ...place,
      name: `Koa 3: ${name}${second ? ', over HTTP/2' : ''}`,
      start: (door, reached) => {
        const app = new Koa();
        app.silent = true;
        build(app, door, (context) => {
          reached();
          context.body = 'secret';
        });
        return second ? askHttp2(http2.createServer(app.callback())) : askHttp(http.createServer(app.callback()));
      },
    }),
  ),
);

type HonoBuild = (door: Door, handler: () => Response) => Hono;

const honoBuilds: readonly (readonly [string, Place, HonoBuild])[] = [
  ['on the root', ADMIN, (door, handler) => new Hono().use(door.hono()).all('/admin/report', handler)],
  [
    'before the handler',
    ADMIN,
    (door, handler) => new Hono().use('/admin/*', door.hono()).all('/admin/report', handler),
  ],
  [
    'in a route',
    ADMIN,
    (door, handler) => new Hono().route('/admin', new Hono().use(door.hono()).all('/report', handler)),
  ],
  [
    'with a base path',
    ADMIN,
    (door, handler) => new Hono().basePath('/admin').use(door.hono()).all('/report', handler),
  ],
  [
    'in a route below a parameter',
    TENANT,
    (door, handler) => new Hono().route('/t/:tenant', new Hono().use(door.hono()).all('/report', handler)),
  ],
  [
    'in a route of a route',
    NESTED,
    (door, handler) =>
      new Hono().route('/api', new Hono().route('/admin', new Hono().use(door.hono()).all('/report', handler))),
  ],
  [
    'in a mounted app',
    ADMIN,
    (door, handler) => new Hono().mount('/admin', new Hono().use(door.hono()).all('/report', handler).fetch),
  ],
  [
    'where the last slash does not count',
    ADMIN,
    (door, handler) =>
      new Hono({ strict: false }).route('/admin', new Hono({ strict: false }).use(door.hono()).all('/report', handler)),
  ],
  ['on the route', ADMIN, (door, handler) => new Hono().all('/admin/report', door.hono(), handler)],
];

const honoApps: readonly GuardedApp[] = honoBuilds.flatMap(([name, place, build]) =>
  (['on Node', 'as a fetch handler'] as const).map(
    (where): GuardedApp => ({
      ...place,
      name: `Hono 4 ${where}: ${name}`,
      start: async (door, reached) => {
        const app = build(door, () => {
          reached();
          return new Response('secret');
        });
        if (where === 'as a fetch handler') return askFetch(async (request) => app.fetch(request));
        return askHttp(createAdaptorServer({ fetch: app.fetch }) as http.Server);
      },
    }),
  ),
);

const bareApps: readonly GuardedApp[] = [
  {
    ...ADMIN,
    name: 'node:http',
    start: (door, reached) => askHttp(http.createServer(door.node(listener(reached)))),
  },
  {
    ...ADMIN,
    name: 'node:http, as a middleware',
    start: (door, reached) => {
      const guard = door.node();
      return askHttp(
        http.createServer((request, response) => guard(request, response, () => listener(reached)(request, response))),
      );
    },
  },
  {
    ...ADMIN,
    name: 'node:http2',
    start: (door, reached) => askHttp2(http2.createServer(door.node(http2Listener(reached)))),
  },
  {
    ...ADMIN,
    name: 'a fetch handler',
    start: async (door, reached) => {
      const handler = door.fetch(() => {
        reached();
        return new Response('secret');
      });
      return askFetch(async (request) => handler(request));
    },
  },
];

const http2Listener = (reached: () => void): NodeHandler<http2.Http2ServerRequest, http2.Http2ServerResponse> =>
  listener(reached);

function listener(reached: () => void) {
  return (_request: NodeRequest, response: NodeResponse): void => {
    reached();
    (response as http.ServerResponse).end('secret');
  };
}

export const guardedApps: readonly GuardedApp[] = [
  ...fastifyApps,
  ...expressApps,
  ...koaApps,
  ...honoApps,
  ...bareApps,
];
