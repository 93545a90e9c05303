import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';
import { fastifyPlugin } from './fastify.ts';
import { fetchHandler } from './fetch.ts';
import { honoMiddleware } from './hono.ts';
import { koaMiddleware } from './koa.ts';
import { nodeHandler, nodeMiddleware } from './node.ts';
import type { Doors, WithDoors } from './types.ts';

/**
 * Adds the doors to a decider, on the object itself. For a frozen object it returns a new object that inherits from it.
 *
 * @example
 * ```ts
 * const maintenance = withDoors({
 *   decide: () => ({ action: 'respond', reason: 'maintenance', status: 503, headers: [['Retry-After', '60']] }),
 * });
 * app.use(maintenance.express());
 * ```
 *
 * @throws {TypeError} The decider has its own member with the name of a door, which would be overwritten.
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
  const taken = doored.has(decider) ? undefined : Object.keys(doors).find((name) => name in decider);
  if (taken !== undefined) {
    throw new TypeError(`withDoors: the decider has a member ${taken}, which is the name of a door: call it otherwise`);
  }
  const target: D = Object.isExtensible(decider) ? decider : Object.create(decider);
  doored.add(target);
  return Object.assign(target, doors);
}

/** A decider that already has its doors may be passed again. */
const doored = new WeakSet<object>();
