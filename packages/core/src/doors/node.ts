import type { Decider, NodeRequest, NodeResponse, ProxyDecision, RespondDecision } from '../http/decision.ts';
import { NodeView } from './node-view.ts';
import { decideOnNode, proxyOnNode, respondOnNode } from './on-node.ts';
import type { NodeMiddleware } from './types.ts';

/** `(request, response, next)`: Express 4 and 5, Connect. They leave the URL below the mount in `request.url`. */
export function nodeMiddleware(decider: Decider): NodeMiddleware {
  return (request, response, next) => {
    void run(decider, request, response, () => next());
  };
}

/** Around a listener of `http`, `https` or `http2`. */
export function nodeHandler<Req extends NodeRequest, Res extends NodeResponse>(
  decider: Decider,
  handler: (request: Req, response: Res) => unknown,
): (request: Req, response: Res) => unknown {
  return (request, response) => run(decider, request, response, () => handler(request, response));
}

function run(decider: Decider, request: NodeRequest, response: NodeResponse, next: () => unknown): unknown {
  const view = new NodeView(request, response);
  return decideOnNode<unknown>(decider, view, response, {
    next,
    respond: (decision: RespondDecision) => respondOnNode(view, response, decision),
    proxy: (decision: ProxyDecision) => proxyOnNode(view, response, decision),
  });
}
