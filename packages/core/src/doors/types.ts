import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';

/** Connect's and Express's middleware, structurally. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void;
/** A listener of `http.createServer`, structurally. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => unknown;
/** A fetch handler: `Request` in, `Response` out. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;
/** Koa's middleware, structurally. */
// biome-ignore lint/suspicious/noExplicitAny: Koa's context is the app's own type; the type tests pin the real one.
export type KoaMiddleware = (context: any, next: () => Promise<any>) => Promise<void>;
/** Fastify's plugin, structurally; it applies to the instance it is registered on, not to a child. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type FastifyPlugin = (
  instance: any,
  options: { readonly prefix?: string },
  done: (error?: Error) => void,
) => void;
/** Hono's middleware, structurally. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type HonoMiddleware = (context: any, next: () => Promise<void>) => Promise<Response | undefined>;

/** A decider carried into each framework. The doors contain no policy, and none of them ever rejects. */
export interface Doors {
  /** For `app.use` of Express 4 and 5, mounted or not. */
  express(): NodeMiddleware;
  /** For Connect and everything that takes `(request, response, next)`. */
  node(): NodeMiddleware;
  /** For `http.createServer`, `https.createServer` and `http2.createServer`: wraps the app's own listener. */
  node(handler: NodeHandler): NodeHandler;
  /** For `app.use` of Koa 3. */
  koa(): KoaMiddleware;
  /** For `app.register` of Fastify 5. `prefix` is the mount point, since this plugin breaks out of its own scope. */
  fastify(options?: { readonly prefix?: string }): FastifyPlugin;
  /** For `app.use` of Hono 4, on Node and as a fetch handler. */
  hono(): HonoMiddleware;
  /** For a fetch handler. */
  fetch(handler: FetchHandler): FetchHandler;
}

/** A decider with its doors. */
export type WithDoors<D extends Decider> = D & Doors;
