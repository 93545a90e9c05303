import type { Decider } from '../http/decision.ts';
import { toResponse } from './fetch-head.ts';
import { FetchView } from './fetch-view.ts';
import { decideOnFetch, proxyOnFetch } from './on-fetch.ts';
import type { FetchHandler } from './types.ts';

/** Wraps a fetch handler. Further arguments of the runtime (`env`, a context) pass through. */
export function fetchHandler<Rest extends unknown[]>(
  decider: Decider,
  handler: FetchHandler<Rest>,
): FetchHandler<Rest> {
  return (request, ...rest) => {
    const view = new FetchView(request);
    return decideOnFetch(decider, view, {
      next: () => handler(request, ...rest),
      respond: (decision) => toResponse(decision, request.method),
      proxy: (decision) => proxyOnFetch(view, decision),
    });
  };
}
