import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';
import { isNodeRequest } from '../http/raw-request.ts';
import { onTopOf, toResponse } from './fetch-head.ts';
import { FetchView, targetOf } from './fetch-view.ts';
import { NodeView, pathOf } from './node-view.ts';
import { decideOnFetch, proxyOnFetch } from './on-fetch.ts';
import { decideOnNode, proxyOnNode } from './on-node.ts';
import type { HonoMiddleware } from './types.ts';

/** The parts of Hono's context that the door needs. */
interface Context {
  readonly env?: { readonly incoming?: unknown; readonly outgoing?: unknown } | undefined;
  readonly req: { readonly raw: Request; readonly routePath?: string };
  get res(): Response;
  set res(response: Response | undefined);
}

/**
 * Hono 4. On `@hono/node-server` the door works on Node's own request and response, so nothing is lost in conversion.
 */
export function honoMiddleware(decider: Decider): HonoMiddleware {
  return (context: Context, next) =>
    isNodeRequest(context.env?.incoming) ? onNode(decider, context, next) : onFetch(decider, context, next);
}

async function onNode(decider: Decider, context: Context, next: () => Promise<void>): Promise<undefined> {
  const request = context.env?.incoming as NodeRequest;
  const response = context.env?.outgoing as NodeResponse;
  const url = belowMount(context, pathOf(request.url ?? '/'));
  const view = new NodeView(request, response, request.url, url);
  await decideOnNode<unknown>(decider, view, response, {
    next,
    respond: (_view, _response, decision) => replace(context, toResponse(decision, view.method, context.res.headers)),
    proxy: async (_view, _response, decision) => {
      for (const [name, value] of context.res.headers) {
        if (name === 'set-cookie') response.setHeader(name, context.res.headers.getSetCookie());
        else response.setHeader(name, value);
      }
      await proxyOnNode(view, response, decision);
      // This field tells Hono's server that the answer was already written on Node's response. Read the response first:
      // Hono's fast path for an unread response ignores the field.
      const sent = new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
      void sent.body;
      replace(context, sent);
    },
  });
  return undefined;
}

async function onFetch(decider: Decider, context: Context, next: () => Promise<void>): Promise<undefined> {
  const view = new FetchView(context.req.raw, belowMount(context, pathOf(targetOf(context.req.raw))));
  const response = await decideOnFetch(decider, view, {
    next: async () => {
      await next();
      return context.res;
    },
    respond: (decision) => toResponse(decision, view.method, context.res.headers),
    proxy: async (decision) => onTopOf(context.res.headers, await proxyOnFetch(view, decision)),
  });
  if (response !== context.res) replace(context, response);
  return undefined;
}

/** An assignment to `context.res` keeps the old headers. This replaces them with the new ones. */
function replace(context: Context, response: Response): void {
  context.res = undefined;
  context.res = response;
}

/** A middleware for `/api/*` is mounted at `/api`: at the segments before the wildcard. */
function belowMount({ req }: Context, path: string): string {
  const route = (req.routePath ?? '/*').replace(/\/?\*$/, '');
  let at = 0;
  for (const segment of route.split('/')) {
    if (segment !== '') at = path.indexOf('/', at + 1);
    if (at === -1) return '/';
  }
  return path.slice(at) || '/';
}
