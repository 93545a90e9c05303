import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';
import { fastifyPlugin } from './fastify.ts';
import { fetchHandler } from './fetch.ts';
import { honoMiddleware } from './hono.ts';
import { koaMiddleware } from './koa.ts';
import { nodeHandler, nodeMiddleware } from './node.ts';
import type { Doors, WithDoors } from './types.ts';

/**
 * Gives a decider its doors, on the object itself.
 *
 * ```ts
 * const maintenance = withDoors({
 *   decide: () => ({ action: 'respond', reason: 'maintenance', status: 503, headers: [['Retry-After', '60']] }),
 * });
 * app.use(maintenance.express());
 * ```
 */
export function withDoors<D extends Decider>(decider: D): WithDoors<D> {
  const doors: Doors = {
    express: () => nodeMiddleware(decider),
    node: ((handler?: (request: NodeRequest, response: NodeResponse) => unknown) =>
      handler === undefined ? nodeMiddleware(decider) : nodeHandler(decider, handler)) as Doors['node'],
    koa: () => koaMiddleware(decider),
    fastify: (options) => fastifyPlugin(decider, options),
    hono: () => honoMiddleware(decider),
    fetch: (handler) => fetchHandler(decider, handler),
  };
  return Object.assign(decider, doors);
}
