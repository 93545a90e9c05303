import type { RegionKitError, RequestView, RespondDecision } from '@regionkit/core';
import { answerOf, problemBody } from './problem.ts';
import type { ProxyErrorType } from './proxy-status.ts';
import { proxyStatus } from './proxy-status.ts';
import type { GateReason } from './ruling.ts';

type Field = readonly [name: string, value: string];

const COMMON: readonly Field[] = [
  ['Content-Type', 'application/problem+json'],
  ['Cache-Control', 'no-store'],
];

/** With `reject`: the write is not executed here. The answer names the primary's region. */
export function refusedHere(
  request: RequestView,
  { self, region, retryAfterSeconds }: { self: string; region: string; retryAfterSeconds: number },
): RespondDecision {
  const exposed: Field[] =
    request.header('origin').length === 0 ? [] : [['Access-Control-Expose-Headers', 'X-Region-Hint, Retry-After']];
  return {
    action: 'respond',
    reason: 'refused',
    status: 503,
    headers: [
      ...COMMON,
      ['Retry-After', String(retryAfterSeconds)],
      ['X-Region-Hint', region],
      ['Proxy-Status', proxyStatus({ self, error: 'http_request_denied', outcome: 'not-sent' })],
      ...exposed,
    ],
    body: problemBody({
      status: 503,
      code: 'ERR_NOT_PRIMARY_REGION',
      detail: `writes are taken in ${region}`,
      outcome: 'not-sent',
      region,
    }),
  };
}

/** No primary is known. The write waited for one and was never started. */
export function noPrimaryHere(self: string, error: RegionKitError): RespondDecision {
  const { headers, ...answer } = answerOf(error);
  const status = proxyStatus({ self, error: 'destination_unavailable', outcome: 'not-sent' });
  return { action: 'respond', reason: 'no-primary', ...answer, headers: [...headers, ['Proxy-Status', status]] };
}

/**
 * The answer to a region that forwarded a write here: this is not the primary's region, and the write is not forwarded
 * again.
 */
export const notPrimaryHere: RespondDecision = {
  action: 'respond',
  reason: 'not-primary',
  status: 421,
  headers: COMMON,
  body: problemBody({
    status: 421,
    code: 'ERR_NOT_PRIMARY_REGION',
    detail: 'this is not the region of the primary',
    outcome: 'rejected',
  }),
};

/**
 * The answer to a write whose mark was not made for this region, or is invalid. Something on the way may have sent the
 * write to another region as well, so this says nothing about its outcome. The forwarding region reports that.
 */
export function misdirectedHere(self: string): RespondDecision {
  return wrongWay('not-primary', self, {
    error: 'destination_unavailable',
    code: 'ERR_NOT_PRIMARY_REGION',
    detail: 'a forwarded request came to a region that it was not forwarded to, and that is not the primary',
  });
}

/**
 * The answer to a write that came back to the region that forwarded it: a name that should lead to another region leads
 * back. It says nothing about the outcome of the write.
 */
export function loopHere(self: string): RespondDecision {
  return wrongWay('loop', self, {
    error: 'proxy_loop_detected',
    code: 'ERR_FORWARD_LOOP',
    detail: 'a forwarded request came back to the region it was forwarded by',
  });
}

function wrongWay(
  reason: GateReason,
  self: string,
  { error, code, detail }: { readonly error: ProxyErrorType; readonly code: string; readonly detail: string },
): RespondDecision {
  return {
    action: 'respond',
    reason,
    status: 502,
    headers: [...COMMON, ['Proxy-Status', proxyStatus({ self, error })]],
    body: problemBody({ status: 502, code, detail, region: self }),
  };
}
