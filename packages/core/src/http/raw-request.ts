import type { NodeRequest } from './decision.ts';

/**
 * Takes what a framework passes to a handler: Express's request, Koa's context, Fastify's request, Hono's context, a
 * Node request or a fetch `Request`. Returns the object that {@link RequestView.raw} had for that request, and
 * `undefined` for anything else. A decider can store data in a `WeakMap` under this object and find it again in any
 * handler.
 */
export function rawRequest(value: unknown): object | undefined {
  if (isNodeRequest(value) || isFetchRequest(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { env, raw, req } = value as { env?: { incoming?: unknown }; raw?: unknown; req?: unknown };
  // In this order: Hono's context on Node, Fastify's request, Koa's context, Hono's context on other runtimes.
  if (isNodeRequest(env?.incoming)) return env.incoming;
  if (isNodeRequest(raw) || isFetchRequest(raw)) return raw;
  if (isNodeRequest(req)) return req;
  return typeof req === 'object' && req !== null ? rawRequest((req as { raw?: unknown }).raw) : undefined;
}

/** A structural test, because servers and test tools have their own request classes. */
export function isNodeRequest(value: unknown): value is NodeRequest {
  const request = value as NodeRequest | null | undefined;
  return typeof request === 'object' && typeof request?.httpVersion === 'string' && typeof request.on === 'function';
}

function isFetchRequest(value: unknown): value is Request {
  const request = value as Request | null | undefined;
  return (
    typeof request === 'object' &&
    typeof request?.url === 'string' &&
    typeof request.clone === 'function' &&
    typeof request.headers?.get === 'function'
  );
}
