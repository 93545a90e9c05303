import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';
import { isPromise } from './attempt.ts';
import { reportFailure } from './failure.ts';
import { bytesOf } from './frozen.ts';
import { isAdditive } from './head-rules.ts';
import { below, segmentsOf } from './mount.ts';
import { NodeView } from './node-view.ts';
import { decideOnNode, failOnNode, proxyOnNode } from './on-node.ts';
import type { FastifyPlugin } from './types.ts';

/** The parts of Fastify that the door needs. */
interface Instance {
  readonly prefix?: string;
  addHook(name: 'onRequest', hook: (request: Request, reply: Reply, done: () => void) => void): unknown;
}
interface Request {
  readonly raw: NodeRequest;
  readonly originalUrl: string;
}
interface Reply {
  readonly raw: NodeResponse;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  getHeader(name: string): number | string | string[] | undefined;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  send(body?: unknown): unknown;
  hijack(): unknown;
}

/**
 * Fastify 5. The hook belongs to the instance that registers the plugin, as if the plugin had no scope of its own.
 * Fastify chooses the requests; the door decides about each request that reaches it, in any spelling of its path.
 */
export function fastifyPlugin(decider: Decider, given: { readonly prefix?: string } = {}): FastifyPlugin {
  const plugin: FastifyPlugin = (instance: Instance, options, done) => {
    const mount = segmentsOf(given.prefix ?? options.prefix ?? instance.prefix ?? '');
    instance.addHook('onRequest', (request, reply, next) => {
      const { raw } = request;
      const view = new NodeView(raw, reply.raw, request.originalUrl, below(mount, raw.url ?? '/'));
      const done = decideOnNode<unknown>(decider, view, reply.raw, {
        next,
        respond: (_view, _response, decision) => {
          reply.code(decision.status);
          for (const [name, value] of decision.headers) setOn(reply, name, value);
          reply.send(bytesOf(decision));
        },
        proxy: (view, response, decision) => {
          // From here on Fastify does not write the response. Copy the headers that plugins have set on the reply, or
          // they are lost.
          for (const [name, value] of Object.entries(reply.getHeaders())) {
            if (value !== undefined) reply.raw.setHeader(name, value);
          }
          reply.hijack();
          return proxyOnNode(view, response, decision);
        },
      });
      if (!isPromise(done)) return;
      done.catch((error) => {
        reportFailure('next', error);
        failOnNode(view, reply.raw);
      });
    });
    done();
  };
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: `regionkit-${decider.kind ?? 'decider'}`,
  });
}

/** `reply.header` appends cookies, but replaces every other field. */
function setOn(reply: Reply, name: string, value: string): void {
  const before = isAdditive(name) && name.toLowerCase() !== 'set-cookie' ? reply.getHeader(name) : undefined;
  reply.header(name, before === undefined ? value : [before].flat().concat(value).join(', '));
}
