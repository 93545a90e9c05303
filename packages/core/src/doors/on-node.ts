import type { ServerResponse } from 'node:http';
import type { Decider, Decision, NodeResponse, ProxyDecision, RespondDecision } from '../http/decision.ts';
import { attempt, isPromise, sendable, UNAVAILABLE } from './attempt.ts';
import { reportFailure } from './failure.ts';
import { madeOnce } from './frozen.ts';
import { appendTo, watchAnswer } from './head-patch.ts';
import { isAdditive } from './head-rules.ts';
import type { NodeView } from './node-view.ts';
import { inScope } from './scope.ts';

/** How one Node framework continues a request. */
export interface NodeSteps<R> {
  next(): R;
  respond(view: NodeView, response: NodeResponse, decision: RespondDecision): R;
  proxy(view: NodeView, response: NodeResponse, decision: ProxyDecision): R;
}

/** Decides about a request and carries out the decision. This is synchronous if the decider is. */
export function decideOnNode<R>(
  decider: Decider,
  view: NodeView,
  response: NodeResponse,
  steps: NodeSteps<R>,
): R | Promise<Awaited<R>> {
  const startedAt = performance.now();
  const decision = attempt(decider, view);
  if (isPromise(decision)) {
    return decision.then((late) => carryOut(late, view, response, startedAt, steps)) as Promise<Awaited<R>>;
  }
  return carryOut(decision, view, response, startedAt, steps);
}

function carryOut<R>(
  decision: Decision,
  view: NodeView,
  response: NodeResponse,
  startedAt: number,
  steps: NodeSteps<R>,
): R {
  if (decision.action === 'next') {
    watchAnswer(response, decision, 'handler', startedAt);
    return decision.scope === undefined ? steps.next() : inScope(decision, steps.next, view);
  }
  watchAnswer(response, decision, decision.action, startedAt);
  return decision.action === 'respond'
    ? steps.respond(view, response, sendable(decision))
    : steps.proxy(view, response, decision);
}

/** Answers on Node's response. Headers that were set before stay, unless the decision sets them too. */
export function respondOnNode(view: NodeView, response: NodeResponse, decision: RespondDecision): void {
  try {
    if (response.headersSent) throw new Error('the head was already sent');
    writeRespond(view, response, decision);
  } catch (error) {
    reportFailure('respond', error);
    failOnNode(view, response);
  }
}

function writeRespond(view: NodeView, response: NodeResponse, decision: RespondDecision): void {
  const { status, headers, body } = decision;
  if (body !== undefined && isUntouched(response)) {
    response.writeHead(status, madeOnce(fieldsOfFrozen, decision, fieldsOf));
    response.end(view.method === 'HEAD' ? undefined : body);
    return;
  }
  response.statusCode = status;
  for (const [name, value] of headers) {
    if (isAdditive(name)) appendTo(response, name, value);
    else response.setHeader(name, value);
  }
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (view.method === 'HEAD') response.end();
  else response.end(body);
}

const fieldsOfFrozen = new WeakMap<RespondDecision, string[]>();

/** In the form that Node writes without a copy. */
function fieldsOf({ headers, body = '' }: RespondDecision): string[] {
  const fields = ['Content-Length', String(Buffer.byteLength(body))];
  for (const [name, value] of headers) fields.push(name, value);
  return fields;
}

/**
 * Whether no header is set and no hook waits for the head. Then one call writes it all, which makes health probes
 * measurably cheaper.
 */
function isUntouched(response: NodeResponse): response is ServerResponse {
  return !('stream' in response) && !Object.hasOwn(response, 'writeHead') && response.getHeaderNames().length === 0;
}

/** Forwards the request on Node. Resolves when the forward has ended, with success or failure. */
export async function proxyOnNode(view: NodeView, response: NodeResponse, decision: ProxyDecision): Promise<void> {
  try {
    await decision.node(view.raw, response);
  } catch (error) {
    reportFailure('proxy', error);
    failOnNode(view, response);
  }
}

/** Ends an answer that failed: 503 if nothing was sent, or else the end of the connection. */
export function failOnNode(view: NodeView, response: NodeResponse): void {
  if (response.writableEnded) return;
  if (response.headersSent) response.destroy();
  else writeRespond(view, response, UNAVAILABLE);
}
