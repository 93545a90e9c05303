import type { Decider, NodeRequest, NodeResponse } from '../http/decision.ts';
import { isPromise } from './attempt.ts';
import { reportFailure } from './failure.ts';
import { NodeView } from './node-view.ts';
import { decideOnNode, failOnNode, proxyOnNode, respondOnNode } from './on-node.ts';
import type { NodeMiddleware } from './types.ts';

/** `(request, response, next)`: Express 4 and 5, Connect. Both keep the URL below the mount in `request.url`. */
export function nodeMiddleware(decider: Decider): NodeMiddleware {
  return (request, response, next) => {
    const view = new NodeView(request, response);
    const done = run(decider, view, response, () => next());
    if (!isPromise(done)) return;
    // Only a `next` that is called late and throws gets here. There is no caller left to report to.
    done.catch((error) => {
      reportFailure('next', error);
      failOnNode(view, response);
    });
  };
}

/** Wraps a listener of `http`, `https` or `http2`. */
export function nodeHandler<Req extends NodeRequest, Res extends NodeResponse>(
  decider: Decider,
  handler: (request: Req, response: Res) => unknown,
): (request: Req, response: Res) => unknown {
  return (request, response) =>
    run(decider, new NodeView(request, response), response, () => handler(request, response));
}

function run(decider: Decider, view: NodeView, response: NodeResponse, next: () => unknown): unknown {
  return decideOnNode<unknown>(decider, view, response, { next, respond: respondOnNode, proxy: proxyOnNode });
}
