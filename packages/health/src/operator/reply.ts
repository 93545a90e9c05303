import type { RespondDecision } from '@regionkit/core';
import { PRIVATE_FIELDS } from '@regionkit/core/event-stream';
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
