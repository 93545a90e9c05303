import type { Decider, Decision, ProxyDecision, RequestOutcome, RespondDecision } from '../http/decision.ts';
import { afterHead } from './after-head.ts';
import { attempt, isPromise, sendable, UNAVAILABLE } from './attempt.ts';
import { reportFailure } from './failure.ts';
import { FetchHead, toResponse } from './fetch-head.ts';
import type { FetchView } from './fetch-view.ts';
import { inScope } from './scope.ts';
import { wantsHead } from './wants-head.ts';

/** How one fetch framework continues a request. */
export interface FetchSteps {
  next(): Response | Promise<Response>;
  respond(decision: RespondDecision): Response;
  proxy(decision: ProxyDecision): Promise<Response>;
}

/** Decides about a request and carries out the decision. Watches the head and the end of the response. */
export function decideOnFetch(decider: Decider, view: FetchView, steps: FetchSteps): Response | Promise<Response> {
  const startedAt = performance.now();
  const decision = attempt(decider, view);
  return isPromise(decision)
    ? decision.then((late) => carryOut(late, view, startedAt, steps))
    : carryOut(decision, view, startedAt, steps);
}

function carryOut(
  decision: Decision,
  view: FetchView,
  startedAt: number,
  steps: FetchSteps,
): Response | Promise<Response> {
  const by = decision.action === 'next' ? 'handler' : decision.action;
  if (decision.onHead === undefined && decision.onDone === undefined) return step();
  const ending = createEnding(decision, by, startedAt);
  const finish = (response: Response): Response => {
    const written = withHead(decision, response);
    afterHead(decision);
    return ending.watch(written, view.raw);
  };
  const fail = (error: unknown): never => {
    ending.report(false);
    throw error;
  };
  try {
    const response = step();
    return isPromise(response) ? response.then(finish, fail) : finish(response);
  } catch (error) {
    return fail(error);
  }

  function step(): Response | Promise<Response> {
    if (decision.action === 'proxy') return steps.proxy(decision);
    if (decision.action === 'respond') return steps.respond(sendable(decision));
    return decision.scope === undefined ? steps.next() : inScope(decision, steps.next);
  }
}

/** Never rejects. */
export async function proxyOnFetch(view: FetchView, decision: ProxyDecision): Promise<Response> {
  try {
    return await decision.fetch(view.raw);
  } catch (error) {
    reportFailure('proxy', error);
    return toResponse(UNAVAILABLE, view.method);
  }
}

function withHead(decision: Decision, response: Response): Response {
  if (!wantsHead(decision)) return response;
  const head = new FetchHead(response);
  try {
    decision.onHead?.(head);
  } catch (error) {
    reportFailure('onHead', error);
  }
  return head.response;
}

/** Calls `onDone` once: when the body was read to its end or cancelled, or the request was aborted. */
function createEnding(decision: Decision, by: RequestOutcome['by'], startedAt: number) {
  let status = 0;
  let headAt = 0;
  let reported = decision.onDone === undefined;

  const report = (aborted: boolean): void => {
    if (reported) return;
    reported = true;
    const now = performance.now();
    const headMs = (status === 0 ? now : headAt) - startedAt;
    try {
      decision.onDone?.({ status, headMs, durationMs: now - startedAt, aborted, by });
    } catch (error) {
      reportFailure('onDone', error);
    }
  };
  const watch = (response: Response, request: Request): Response => {
    if (reported) return response;
    status = response.status;
    headAt = performance.now();
    if (response.body === null || request.signal.aborted) {
      report(request.signal.aborted);
      return response;
    }
    request.signal.addEventListener('abort', () => report(true), { once: true });
    return new Response(watched(response.body, report), response);
  };
  return { report, watch };
}

function watched(body: ReadableStream<Uint8Array>, ended: (aborted: boolean) => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
          ended(false);
        } catch (error) {
          controller.error(error);
          ended(true);
        }
      },
      cancel: (reason) => {
        ended(true);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
