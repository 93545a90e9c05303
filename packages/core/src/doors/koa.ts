import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';
import { bytesOf } from './frozen.ts';
import { isAdditive } from './head-rules.ts';
import { NodeView } from './node-view.ts';
import { decideOnNode, proxyOnNode } from './on-node.ts';
import type { KoaMiddleware } from './types.ts';

/** The part of Koa's context that the door needs. */
interface Context {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
  readonly originalUrl: string;
  status: number;
  body: unknown;
  respond?: boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}

/** Koa 3. A mount rewrites `req.url` and keeps the original target in `originalUrl`. */
export function koaMiddleware(decider: Decider): KoaMiddleware {
  return async (context: Context, next) => {
    const view = new NodeView(context.req, context.res, context.originalUrl);
    await decideOnNode<unknown>(decider, view, context.res, {
      next,
      respond: (_view, _response, decision) => {
        // Set the answer on the context, so that middlewares mounted earlier see it. Set an empty body first, because
        // it resets the status.
        context.body = bytesOf(decision) ?? null;
        context.status = decision.status;
        for (const [name, value] of decision.headers) {
          if (isAdditive(name)) context.append(name, value);
          else context.set(name, value);
        }
      },
      proxy: (view, response, decision) => {
        context.respond = false;
        return proxyOnNode(view, response, decision);
      },
    });
  };
}
