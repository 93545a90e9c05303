import type { NodeRequest } from './decision.ts';

/**
 * From what a framework hands to a handler (Express's request, Koa's context, Fastify's request, Hono's context, a Node
 * request or a fetch `Request`) to the object that {@link RequestView.raw} held for that request. A decider keeps what
 * it knows of a request in a `WeakMap` under that object, and finds it again from any handler.
 *
 * `undefined` for anything else.
 */
export function rawRequest(value: unknown): object | undefined {
  if (isNodeRequest(value) || isFetchRequest(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { env, raw, req } = value as { env?: { incoming?: unknown }; raw?: unknown; req?: unknown };
  // Hono's context on Node, then Fastify's request, Koa's context, Hono's context elsewhere.
  if (isNodeRequest(env?.incoming)) return env.incoming;
  if (isNodeRequest(raw) || isFetchRequest(raw)) return raw;
  if (isNodeRequest(req)) return req;
  return typeof req === 'object' && req !== null ? rawRequest((req as { raw?: unknown }).raw) : undefined;
}

/** Structural, since servers and test tools bring request classes of their own. */
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
