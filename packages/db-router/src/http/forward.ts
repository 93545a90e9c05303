import type { ProxyDecision, Regions, RequestView } from '@regionkit/core';
import type { Clock, Keyring } from '@regionkit/core/kit';
import { Pool } from 'undici';
import type { GateRouter } from '../gate-seam.ts';
import { ForwardError, type ForwardFailure } from './errors.ts';
import { type AnswerSink, type Exchange, type ExchangeRequest, exchange } from './exchange.ts';
import { forwardFetch } from './forward-fetch.ts';
import { forwardNode } from './forward-node.ts';
import { createEpochPacker, signHop } from './hop.ts';
import type { CheckedForward } from './options.ts';

/** One request on its way. */
export interface Trip {
  readonly view: RequestView;
  readonly to: string;
  readonly origin: string;
  /** When the request came to the gate. */
  readonly startedAtMs: number;
  readonly write: boolean;
  /** Whether the `X-Forwarded-*` of the request are to be believed. */
  readonly trusted: boolean;
}

/** What carries trips, whichever door they came through. */
export interface Carrier {
  readonly options: CheckedForward;
  readonly clock: Clock;
  /** Why nothing can be sent now, if it cannot. */
  obstacle(): ForwardFailure | undefined;
  /** A mark for the request, good from now on. */
  mark(trip: Trip): string;
  /** Starts the exchange; its end is counted. */
  send(trip: Trip, fields: string[], body: ExchangeRequest['body'], sink: AnswerSink): Exchange;
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
  decide(request: Pick<Trip, 'view' | 'to' | 'startedAtMs' | 'write'>): ProxyDecision | ForwardError;
  readonly inFlight: number;
  /** New forwards are refused; those under way end by themselves. */
  close(): Promise<void>;
}

export function createForwarder<Name extends string>({
  router,
  regions,
  options,
  keyring,
  clock,
  retryAfterSeconds,
  watch,
}: {
  readonly router: GateRouter<Name>;
  readonly regions: Regions<Name>;
  readonly options: CheckedForward;
  readonly keyring: Keyring;
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
    mark: (trip) => {
      const claims = {
        from: self,
        to: trip.to,
        atMs: clock.wallMs(),
        deadlineMs: leftMs(trip),
        epoch: router.highest(),
        write: trip.write,
      };
      return signHop(keyring, trip.view, claims, pack);
    },
    send: (trip, fields, body, sink) => {
      inFlight += 1;
      const { method, target } = trip.view;
      const { bodyTimeoutMs } = options;
      const request = { method, target, fields, body, bodyTimeoutMs, deadlineMs: leftMs(trip) };
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
    decide: ({ view, to, startedAtMs, write }) => {
      const region = regions.get(to);
      // A primary where this process has no region for: nothing of it can be reached.
      if (region === undefined) return errorOf(NO_REGION, to);
      if (!SENDABLE.test(view.target)) return errorOf(MALFORMED, to);

      const { trustForwarded } = options;
      // Asked here, where what the app throws is answered for.
      const trusted = typeof trustForwarded === 'function' ? trustForwarded(view) : trustForwarded;
      const trip: Trip = { view, to, origin: region.origin, startedAtMs, write, trusted };
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

/** Origin-form with nothing that could end a line or start another host: the origin is the pool's, whatever this says. */
const SENDABLE = /^\/[\x21-\xff]*$/;

const BUSY = { code: 'ERR_FORWARD_BUSY', outcome: 'not-sent', proxyError: 'connection_limit_reached' } as const;
const CLOSED = { code: 'ERR_FORWARD_CLOSED', outcome: 'not-sent', proxyError: 'proxy_internal_error' } as const;
const MALFORMED = { code: 'ERR_FORWARD_BAD_REQUEST', outcome: 'not-sent', proxyError: 'http_request_error' } as const;
const NO_REGION = {
  code: 'ERR_FORWARD_UNREACHABLE',
  outcome: 'not-sent',
  proxyError: 'proxy_configuration_error',
} as const;
