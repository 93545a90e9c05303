import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';

/** The middleware of Connect and Express, as a structural type. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void;
/** A listener of `http.createServer`, as a structural type. */
export type NodeHandler<Req extends NodeRequest = IncomingMessage, Res extends NodeResponse = ServerResponse> = (
  request: Req,
  response: Res,
) => unknown;
/** A fetch handler: takes a `Request`, returns a `Response`. `Rest` are further arguments of the runtime. */
export type FetchHandler<Rest extends unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;
/** The middleware of Koa, as a structural type. */
// biome-ignore lint/suspicious/noExplicitAny: Koa's context is the app's own type; the type tests pin the real one.
export type KoaMiddleware = (context: any, next: () => Promise<any>) => Promise<void>;
/** A Fastify plugin, as a structural type. It applies to the instance that registers it, not to a child. */
export type FastifyPlugin = (
  // biome-ignore lint/suspicious/noExplicitAny: an instance is generic in server, logger and schema types.
  instance: any,
  options: { readonly prefix?: string },
  done: (error?: Error) => void,
) => void;
/** The middleware of Hono, as a structural type. */
// biome-ignore lint/suspicious/noExplicitAny: Hono's context is the app's own type.
export type HonoMiddleware = (context: any, next: () => Promise<void>) => Promise<Response | undefined>;

/** A decider as a middleware for each framework. The doors contain no policy, and none of them ever rejects. */
export interface Doors {
  /**
   * Returns a middleware for `app.use` of Express 4 and 5, with or without a mount path.
   *
   * @example
   * ```ts
   * app.use(affinity.express());
   * ```
   */
  express(): NodeMiddleware;
  /**
   * Returns a middleware for Connect and every framework that takes `(request, response, next)`.
   *
   * @example
   * ```ts
   * app.use(affinity.node());
   * ```
   */
  node(): NodeMiddleware;
  /**
   * Wraps the listener of `http.createServer` or `https.createServer`. The listener may be a whole framework.
   *
   * @example
   * ```ts
   * createServer(affinity.node((_request, response) => response.end('hello'))).listen(3_000);
   * ```
   */
  node(handler: NodeHandler): NodeHandler;
  /**
   * Wraps the listener of `http2.createServer` or `http2.createSecureServer`.
   *
   * @example
   * ```ts
   * const hello = (_request: Http2ServerRequest, response: Http2ServerResponse) => void response.end('hello');
   * createHttp2Server(affinity.node(hello)).listen(3_000);
   * ```
   */
  node(
    handler: NodeHandler<Http2ServerRequest, Http2ServerResponse>,
  ): NodeHandler<Http2ServerRequest, Http2ServerResponse>;
  /**
   * Returns a middleware for `app.use` of Koa 3. Do not guard with `router.use` of `@koa/router`: it compares its
   * prefix differently from its routes, so `/ADMIN` bypasses a guard on `/admin`. Name the door in the route itself, or
   * make the router `sensitive`.
   *
   * @example
   * ```ts
   * koa.use(affinity.koa());
   * ```
   */
  koa(): KoaMiddleware;
  /**
   * Returns a plugin for `app.register` of Fastify 5. It decides about every request of the instance that registers it
   * and of the instances below. Register it on the root instance, or requests without a route bypass it. To guard a
   * part of an app, register it in the scope of that part.
   *
   * `prefix` is the mount point. It is removed from the path that the decider sees. It never selects requests. @default
   * the prefix of the instance that registers the plugin
   *
   * @example
   * ```ts
   * fastify.register(affinity.fastify());
   * ```
   */
  fastify(options?: { readonly prefix?: string }): FastifyPlugin;
  /**
   * Returns a middleware for `app.use` of Hono 4, on Node and as a fetch handler. In `app.use('/api/*', …)` the mount
   * point is `/api`.
   *
   * @example
   * ```ts
   * hono.use(affinity.hono());
   * ```
   */
  hono(): HonoMiddleware;
  /**
   * Wraps a fetch handler.
   *
   * @example
   * ```ts
   * export default { fetch: affinity.fetch(() => new Response('hello')) };
   * ```
   */
  fetch<Rest extends unknown[] = []>(handler: FetchHandler<Rest>): FetchHandler<Rest>;
}

/** A decider with its doors. */
export type WithDoors<D extends Decider> = D & Doors;
