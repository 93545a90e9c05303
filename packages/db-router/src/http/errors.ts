import { RegionKitError } from '@regionkit/core';
import { type ForwardOutcome, type ProxyErrorType, proxyStatus } from './proxy-status.ts';

/** Why a forward failed. */
export type ForwardErrorCode =
  /** As many forwards are under way as `forward.maxConcurrent` allows. */
  | 'ERR_FORWARD_BUSY'
  /** This client, or all without a name, have as many under way as `forward.maxPerClient` allows. */
  | 'ERR_FORWARD_CLIENT_BUSY'
  /** The gate was closed. */
  | 'ERR_FORWARD_CLOSED'
  /** Something read the body before the gate: mount the gate before body parsers. */
  | 'ERR_FORWARD_BODY_CONSUMED'
  /** The request cannot be sent on as it is: its target or a field is malformed. */
  | 'ERR_FORWARD_BAD_REQUEST'
  /** Its fields, with those a forward adds, are more than a server over there takes: `forward.maxHeadBytes`. */
  | 'ERR_FORWARD_HEAD_TOO_LARGE'
  /** Its body has a transfer coding besides chunked, which is for one connection and would be lost. */
  | 'ERR_FORWARD_TRANSFER_CODING'
  /** The region's own health says that it cannot get a write done. */
  | 'ERR_FORWARD_REGION_DOWN'
  /** No connection to the region: refused, timed out, no address, or its certificate is not right. */
  | 'ERR_FORWARD_UNREACHABLE'
  /** The region said that it is not the primary's, and did nothing. */
  | 'ERR_FORWARD_NOT_PRIMARY'
  /** The connection ended after something was sent and before the answer's head. */
  | 'ERR_FORWARD_INTERRUPTED'
  /** No answer in time. */
  | 'ERR_FORWARD_TIMEOUT'
  /** What came back is not HTTP. */
  | 'ERR_FORWARD_BAD_ANSWER'
  /** A 5xx came that the gate over there did not mark: something between the two regions has answered. */
  | 'ERR_FORWARD_UNMARKED_ANSWER'
  /** The answer ended before it was complete: the client's was cut short too. */
  | 'ERR_FORWARD_INCOMPLETE'
  /** The client sent its body, or took its answer, too slowly. */
  | 'ERR_FORWARD_CLIENT_IDLE'
  /** The client went away. */
  | 'ERR_FORWARD_CLIENT_GONE';

/** How a forward failed, in the terms of the wire. */
export interface ForwardFailure {
  readonly code: ForwardErrorCode;
  readonly outcome: ForwardOutcome;
  readonly proxyError: ProxyErrorType;
  /** The status the region answered with, when it did. */
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
 * A write that could not be forwarded, and what is known of it. Answered 503 when it was not done, 502 or 504 when nobody
 * can tell, with `Proxy-Status` (RFC 9209) whose `details` is the outcome.
 */
export class ForwardError extends RegionKitError<ForwardErrorCode> {
  readonly outcome: ForwardOutcome;
  /** The region it was for. */
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
