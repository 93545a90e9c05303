import { RegionKitError } from '@regionkit/core';
import { type ForwardOutcome, type ProxyErrorType, proxyStatus } from './proxy-status.ts';

/** Why a forward failed. */
export type ForwardErrorCode =
  /** The limit `forward.maxConcurrent` is reached. */
  | 'ERR_FORWARD_BUSY'
  /** This client, or all clients without a name together, have reached the limit `forward.maxPerClient`. */
  | 'ERR_FORWARD_CLIENT_BUSY'
  /** The gate was closed. */
  | 'ERR_FORWARD_CLOSED'
  /** The body was read before the gate. Mount the gate before body parsers. */
  | 'ERR_FORWARD_BODY_CONSUMED'
  /** The request cannot be forwarded: its target or a field is malformed. */
  | 'ERR_FORWARD_BAD_REQUEST'
  /** With the fields that a forward adds, the head is larger than the other server accepts: `forward.maxHeadBytes`. */
  | 'ERR_FORWARD_HEAD_TOO_LARGE'
  /** The body has a transfer coding other than chunked. Such a coding belongs to one connection and would be lost. */
  | 'ERR_FORWARD_TRANSFER_CODING'
  /** The health of the region reports that it cannot complete a write. */
  | 'ERR_FORWARD_REGION_DOWN'
  /** No connection to the region: refused, timed out, no address, or a wrong certificate. */
  | 'ERR_FORWARD_UNREACHABLE'
  /** The region reported that it is not the primary's region, and that nothing was done. */
  | 'ERR_FORWARD_NOT_PRIMARY'
  /** The connection ended after a part of the request was sent, and before the head of the answer. */
  | 'ERR_FORWARD_INTERRUPTED'
  /** No answer came in time. */
  | 'ERR_FORWARD_TIMEOUT'
  /** The answer is not HTTP. */
  | 'ERR_FORWARD_BAD_ANSWER'
  /** A 5xx answer without the mark of the other gate. Something between the two regions sent it. */
  | 'ERR_FORWARD_UNMARKED_ANSWER'
  /** The answer ended before it was complete. The client's answer was cut short too. */
  | 'ERR_FORWARD_INCOMPLETE'
  /** The client sent its body, or read its answer, too slowly. */
  | 'ERR_FORWARD_CLIENT_IDLE'
  /** The client disconnected. */
  | 'ERR_FORWARD_CLIENT_GONE';

/** How a forward failed, in terms of HTTP. */
export interface ForwardFailure {
  readonly code: ForwardErrorCode;
  readonly outcome: ForwardOutcome;
  readonly proxyError: ProxyErrorType;
  /** The status of the region's answer, if there was one. */
  readonly receivedStatus?: number;
}

const STATUS: Readonly<Record<ForwardErrorCode, number>> = {
  ERR_FORWARD_BUSY: 503,
  ERR_FORWARD_CLIENT_BUSY: 429,
  ERR_FORWARD_CLOSED: 503,
  ERR_FORWARD_BODY_CONSUMED: 500,
  ERR_FORWARD_BAD_REQUEST: 400,
  ERR_FORWARD_HEAD_TOO_LARGE: 431,
  ERR_FORWARD_TRANSFER_CODING: 501,
  ERR_FORWARD_REGION_DOWN: 503,
  ERR_FORWARD_UNREACHABLE: 503,
  ERR_FORWARD_NOT_PRIMARY: 503,
  ERR_FORWARD_INTERRUPTED: 502,
  ERR_FORWARD_TIMEOUT: 504,
  ERR_FORWARD_BAD_ANSWER: 502,
  ERR_FORWARD_UNMARKED_ANSWER: 502,
  ERR_FORWARD_INCOMPLETE: 502,
  // Not 408: browsers send a request again at that.
  ERR_FORWARD_CLIENT_IDLE: 400,
  ERR_FORWARD_CLIENT_GONE: 499,
};

const MESSAGE: Readonly<Record<ForwardErrorCode, string>> = {
  ERR_FORWARD_BUSY: 'too many writes are being forwarded',
  ERR_FORWARD_CLIENT_BUSY: 'too many writes of this client are being forwarded',
  ERR_FORWARD_CLOSED: 'the write gate is closed',
  ERR_FORWARD_BODY_CONSUMED:
    'the body was read before the write gate could forward it: mount the gate before body parsers',
  ERR_FORWARD_BAD_REQUEST: 'the request cannot be forwarded as it is',
  ERR_FORWARD_HEAD_TOO_LARGE: 'the head of the request is too large',
  ERR_FORWARD_TRANSFER_CODING: 'a body with a transfer coding besides chunked cannot be forwarded',
  ERR_FORWARD_REGION_DOWN: "the primary's region cannot take writes",
  ERR_FORWARD_UNREACHABLE: "the primary's region cannot be reached",
  ERR_FORWARD_NOT_PRIMARY: 'the region it was forwarded to is not the primary',
  ERR_FORWARD_INTERRUPTED: "the connection to the primary's region ended before it answered",
  ERR_FORWARD_TIMEOUT: "the primary's region did not answer in time",
  ERR_FORWARD_BAD_ANSWER: "the primary's region did not answer in HTTP",
  ERR_FORWARD_UNMARKED_ANSWER: "something other than the primary's region answered: the write may have happened",
  ERR_FORWARD_INCOMPLETE: "the answer of the primary's region ended before it was complete",
  ERR_FORWARD_CLIENT_IDLE: 'the client sent its body, or took its answer, too slowly',
  ERR_FORWARD_CLIENT_GONE: 'the client went away',
};

/**
 * A write could not be forwarded. `outcome` tells what happened to it. The answer is 503 if it was not executed, and
 * 502 or 504 if that is not known. `Proxy-Status` ([RFC 9209](https://www.rfc-editor.org/rfc/rfc9209)) contains the
 * outcome in `details`.
 */
export class ForwardError extends RegionKitError<ForwardErrorCode> {
  readonly outcome: ForwardOutcome;
  /** The region that should have received it. */
  readonly region: string;
  readonly proxyError: ProxyErrorType;

  constructor(
    { code, outcome, proxyError, receivedStatus }: ForwardFailure,
    {
      self,
      region,
      retryAfterSeconds,
      cause,
    }: { self: string; region: string; retryAfterSeconds: number; cause?: unknown },
  ) {
    const status = STATUS[code];
    super(code, MESSAGE[code], {
      status,
      expose: true,
      headers: {
        'proxy-status': proxyStatus({ self, error: proxyError, outcome, nextHop: region, receivedStatus }),
        ...((status === 503 || status === 429) && { 'retry-after': String(retryAfterSeconds) }),
      },
      ...(cause !== undefined && { cause }),
    });
    this.outcome = outcome;
    this.region = region;
    this.proxyError = proxyError;
  }
}

/** The app has read the body before the gate could. */
export const BODY_CONSUMED: ForwardFailure = {
  code: 'ERR_FORWARD_BODY_CONSUMED',
  outcome: 'not-sent',
  proxyError: 'proxy_configuration_error',
};
