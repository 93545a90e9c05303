import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';

/** Connect's and Express's middleware, structurally. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void;
/** A listener of `http.createServer`, structurally. */
export type NodeHandler<Req extends NodeRequest = IncomingMessage, Res extends NodeResponse = ServerResponse> = (
  request: Req,
  response: Res,
) => unknown;
/** A fetch handler: `Request` in, `Response` out; `Rest` is what a runtime passes besides. */
export type FetchHandler<Rest extends unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;
/** Koa's middleware, structurally. */
// biome-ignore lint/suspicious/noExplicitAny: Koa's context is the app's own type; the type tests pin the real one.
export type KoaMiddleware = (context: any, next: () => Promise<any>) => Promise<void>;
/** Fastify's plugin, structurally; it applies to the instance it is registered on, not to a child. */
export type FastifyPlugin = (
  // biome-ignore lint/suspicious/noExplicitAny: an instance is generic in server, logger and schema types.
  instance: any,
  options: { readonly prefix?: string },
  done: (error?: Error) => void,
) => void;
/** Hono's middleware, structurally. */
// biome-ignore lint/suspicious/noExplicitAny: Hono's context is the app's own type.
export type HonoMiddleware = (context: any, next: () => Promise<void>) => Promise<Response | undefined>;

/** A decider carried into each framework. The doors contain no policy, and none of them ever rejects. */
export interface Doors {
  /** For `app.use` of Express 4 and 5, mounted or not. */
  express(): NodeMiddleware;
  /** For Connect and everything that takes `(request, response, next)`. */
  node(): NodeMiddleware;
  /** For `http.createServer` and `https.createServer`: wraps the app's own listener, which may be a whole framework. */
  node(handler: NodeHandler): NodeHandler;
  /** For `http2.createServer` and `http2.createSecureServer`. */
  node(
    handler: NodeHandler<Http2ServerRequest, Http2ServerResponse>,
  ): NodeHandler<Http2ServerRequest, Http2ServerResponse>;
  /**
   * For `app.use` of Koa 3. `router.use` of `@koa/router` compares its prefix in another way than its routes do, so that
   * `/ADMIN` passes by what guards `/admin`: name the door in the route itself, or make the router `sensitive`.
   */
  koa(): KoaMiddleware;
  /**
   * For `app.register` of Fastify 5. It decides about every request of the instance it is registered on, and of the
   * instances below that. Register it on the root instance, or requests that match no route pass it by; to guard a part
   * of an app, register it in the scope of that part.
   *
   * `prefix` is the mount point: what is left away from the path that the decider sees. It never chooses the requests.
   * @default the prefix of the instance it is registered on
   */
  fastify(options?: { readonly prefix?: string }): FastifyPlugin;
  /** For `app.use` of Hono 4, on Node and as a fetch handler. In `app.use('/api/*', …)` the mount point is `/api`. */
  hono(): HonoMiddleware;
  /** For a fetch handler. */
  fetch<Rest extends unknown[] = []>(handler: FetchHandler<Rest>): FetchHandler<Rest>;
}

/** A decider with its doors. */
export type WithDoors<D extends Decider> = D & Doors;
