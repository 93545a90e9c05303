import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type { NodeRequest, NodeResponse, RespondDecision } from '@regionkit/core';
import { PRIVATE_FIELDS } from '@regionkit/core/operator';
import { writeJson } from './json.ts';

/** An answer of the door, whole and small. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export function reply(status: number, reason: string, body: object, headers: RespondDecision['headers'] = []): Reply {
  return {
    status,
    reason,
    headers: [['content-type', 'application/json'], ...PRIVATE_FIELDS, ...headers],
    body: writeJson(body),
  };
}

/** A refusal says what to do, in our own words. */
export function refusal(
  status: number,
  reason: string,
  message: string,
  headers: RespondDecision['headers'] = [],
): Reply {
  return reply(status, reason, { error: reason, message }, headers);
}

export function decisionOf({ status, reason, headers, body }: Reply): RespondDecision {
  return { action: 'respond', reason, status, headers, body };
}

export function responseOf({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers: headers.map(([name, value]) => [name, value] as [string, string]) });
}

/** Answers a request whose body may not have been read to its end. The rest is not read. */
export function answerOnNode(request: NodeRequest, response: NodeResponse, { status, headers, body }: Reply): void {
  if (response.writableEnded || response.destroyed) return;
  const isWhole = (request as IncomingMessage).readableEnded;
  const isStream = 'stream' in response;
  const all = isWhole || isStream ? headers : [...headers, ['connection', 'close'] as const];
  (response as ServerResponse).writeHead(status, Object.fromEntries(all));
  response.end(body, () => {
    if (isWhole) return;
    // The answer is complete, so the client needs to send no more (RFC 9113 section 8.1).
    if (isStream) response.stream?.close(constants.NGHTTP2_NO_ERROR);
    else request.destroy();
  });
}
