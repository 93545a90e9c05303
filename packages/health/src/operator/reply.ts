import type { RespondDecision } from '@regionkit/core';
import { writeJson } from './json.ts';

/** An answer of the door, whole and small. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** For the operator alone: no cache keeps it, no page embeds it, and no other origin reads it. */
export const PRIVATE_FIELDS: RespondDecision['headers'] = [
  ['cache-control', 'no-store, private'],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
];

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
