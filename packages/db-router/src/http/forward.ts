import type { ProxyDecision, Regions, RequestView } from '@regionkit/core';
import type { Clock, Keyring } from '@regionkit/core/kit';
import { Pool } from 'undici';
import type { GateRouter } from '../gate-seam.ts';
import { type AnswerKind, readAnswer } from './answer-mark.ts';
import { type Client, clientOf } from './client.ts';
import { ForwardError, type ForwardFailure } from './errors.ts';
import { type AnswerSink, type Exchange, type ExchangeRequest, exchange } from './exchange.ts';
import { forwardFetch } from './forward-fetch.ts';
import { forwardNode } from './forward-node.ts';
import { headBytes, type RawFields, requestFields } from './headers.ts';
import { createEpochPacker, signHop } from './hop.ts';
import type { CheckedForward } from './options.ts';
import { sentTarget } from './target.ts';

/** One request on its way. */
export interface Trip {
  readonly method: string;
  /** In origin-form. */
  readonly target: string;
  readonly host: string | undefined;
  readonly client: Client;
  readonly to: string;
  readonly origin: string;
  /** When the request came to the gate. */
  readonly startedAtMs: number;
  readonly write: boolean;
  /** Whether the `X-Forwarded-*` of the request are to be believed. */
  readonly trusted: boolean;
}

/** What is sent of a request besides its method and target. */
export interface SentRequest {
  readonly fields: RawFields;
  readonly body: ExchangeRequest['body'];
  readonly contentLength: string | undefined;
}

/** What carries trips, whichever door they came through. */
export interface Carrier {
  readonly options: CheckedForward;
  readonly clock: Clock;
  /** Why nothing can be sent now, if it cannot. */
  obstacle(): ForwardFailure | undefined;
  /** Starts the exchange; its end is counted. The failure is why it cannot be started. */
  send(trip: Trip, sent: SentRequest, sink: AnswerSink): Exchange | ForwardFailure;
  /** A head came back. */
  answered(trip: Trip, status: number): void;
  /** The error that a failure is answered with; told to the router and to the events. */
  explain(trip: Trip, failure: ForwardFailure, cause: unknown): ForwardError;
}

/** Told how forwards go. */
export interface ForwardWatch {
  forwarded(outcome: { readonly region: string; readonly status: number; readonly headMs: number }): void;
  failed(error: ForwardError): void;
}

/** Carries whole requests to the region of the primary, one hop, a bounded number at a time. */
export interface Forwarder {
  /** A decision that hands the request over, or an error if that cannot even begin. */
  decide(request: {
    readonly view: RequestView;
    /** Where it came from, if that had to be asked earlier. */
    readonly client: Client | undefined;
    readonly to: string;
    readonly startedAtMs: number;
    readonly write: boolean;
  }): ProxyDecision | ForwardError;
  /** Where a request came from, for one that has to wait before it is decided about. */
  clientOf(request: RequestView): Client;
  readonly inFlight: number;
  /** New forwards are refused; those under way end by themselves. */
  close(): Promise<void>;
}

export function createForwarder<Name extends string>({
  router,
  regions,
  options,
  keyring,
  answers,
  clock,
  retryAfterSeconds,
  watch,
}: {
  readonly router: GateRouter<Name>;
  readonly regions: Regions<Name>;
  readonly options: CheckedForward;
  /** Signs marks. */
  readonly keyring: Keyring;
  /** Signs what a gate says of its answers. */
  readonly answers: Keyring;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
  readonly watch: ForwardWatch;
}): Forwarder {
  const { self } = regions;
  const pools = new Map<string, Pool>();
  const pack = createEpochPacker();
  let inFlight = 0;
  let closed: Promise<unknown> | undefined;

  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections: options.maxConcurrent,
        pipelining: 1,
        allowH2: false,
        headersTimeout: options.headersTimeoutMs,
        // What browsers take. An answer to a write that was done must not fail by the length of its head.
        maxHeaderSize: 256 * 1024,
        bodyTimeout: options.bodyTimeoutMs,
        connect: {
          timeout: options.connectTimeoutMs,
          // Always, whatever the environment says.
          rejectUnauthorized: true,
          ...(options.ca !== undefined && { ca: options.ca as string | Buffer | (string | Buffer)[] }),
        },
      });
      pools.set(origin, pool);
    }
    return pool;
  };
  const errorOf = (failure: ForwardFailure, region: string, cause?: unknown): ForwardError => {
    const error = new ForwardError(failure, { self, region, retryAfterSeconds, cause });
    watch.failed(error);
    return error;
  };

  const leftMs = ({ startedAtMs }: Trip): number => Math.max(1, options.deadlineMs - (clock.now() - startedAtMs));
  const ended = (): void => {
    inFlight -= 1;
  };
  const carrier: Carrier = {
    options,
    clock,
    obstacle: () => (closed !== undefined ? CLOSED : inFlight >= options.maxConcurrent ? BUSY : undefined),
    send: (trip, { fields: given, body, contentLength }, sink) => {
      const { method, target, to, write, client, host, trusted } = trip;
      const deadlineMs = leftMs(trip);
      const claims = { from: self, to, atMs: clock.wallMs(), deadlineMs, epoch: router.highest(), write };
      const mark = signHop(keyring, trip, claims, pack);
      const fields = requestFields(given, { ...client, host, trusted }, mark, contentLength);
      if (headBytes(target, fields) + FRAMING_BYTES >= options.maxHeadBytes) return HEAD_TOO_LARGE;
      inFlight += 1;
      const { bodyTimeoutMs } = options;
      const kindOf = (answer: RawFields): AnswerKind | undefined => readAnswer(answers, mark, answer);
      const request = { method, target, fields, body, bodyTimeoutMs, deadlineMs, kindOf };
      return exchange(poolOf(trip.origin), request, sink, { clock, ended });
    },
    answered: ({ to, startedAtMs }, status) =>
      watch.forwarded({ region: to, status, headMs: clock.now() - startedAtMs }),
    explain: ({ to }, failure, cause) => {
      if (failure.code === 'ERR_FORWARD_NOT_PRIMARY') router.doubt();
      return errorOf(failure, to, cause);
    },
  };

  return {
    get inFlight() {
      return inFlight;
    },
    clientOf: (request) => clientOf(request, options.clientAddress?.(request)),
    decide: ({ view, client = clientOf(view, options.clientAddress?.(view)), to, startedAtMs, write }) => {
      const region = regions.get(to);
      // A primary where this process has no region for: nothing of it can be reached.
      if (region === undefined) return errorOf(NO_REGION, to);
      const sent = sentTarget(view.target);
      if (sent === undefined) return errorOf(MALFORMED, to);

      const { trustForwarded } = options;
      // Asked here, where what the app throws is answered for.
      const trusted = typeof trustForwarded === 'function' ? trustForwarded(view) : trustForwarded;
      const { target, authority } = sent;
      const place = { to, origin: region.origin, startedAtMs, write };
      const trip: Trip = { method: view.method, target, host: authority ?? view.host, client, trusted, ...place };
      return {
        action: 'proxy',
        reason: 'forwarded',
        node: (request, response) => forwardNode(carrier, trip, request, response),
        fetch: (request) => forwardFetch(carrier, trip, request),
      };
    },
    close: async () => {
      closed ??= Promise.all([...pools.values()].map((pool) => pool.close()));
      await closed;
    },
  };
}

/** `Host`, `Connection` and `Transfer-Encoding`, which undici adds. */
const FRAMING_BYTES = 320;
const HEAD_TOO_LARGE = {
  code: 'ERR_FORWARD_HEAD_TOO_LARGE',
  outcome: 'not-sent',
  proxyError: 'http_request_error',
} as const;
const BUSY = { code: 'ERR_FORWARD_BUSY', outcome: 'not-sent', proxyError: 'connection_limit_reached' } as const;
const CLOSED = { code: 'ERR_FORWARD_CLOSED', outcome: 'not-sent', proxyError: 'proxy_internal_error' } as const;
const MALFORMED = { code: 'ERR_FORWARD_BAD_REQUEST', outcome: 'not-sent', proxyError: 'http_request_error' } as const;
const NO_REGION = {
  code: 'ERR_FORWARD_UNREACHABLE',
  outcome: 'not-sent',
  proxyError: 'proxy_configuration_error',
} as const;
