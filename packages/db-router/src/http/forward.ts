import type { ProxyDecision, Regions, RequestView, ResponseHead } from '@regionkit/core';
import type { Clock, RegionKeyring } from '@regionkit/core/kit';
import { buildConnector, Pool } from 'undici';
import type { GateRouter } from '../gate-seam.ts';
import { type AnswerKind, readAnswer } from './answer-mark.ts';
import { returned, TEXT, TRUST } from './app-function.ts';
import { type Client, clientOf, ipOf } from './client.ts';
import { ForwardError, type ForwardFailure } from './errors.ts';
import { exchange } from './exchange.ts';
import type { Exchange, ExchangeRequest, ForwardContext, ForwardRequest, SentRequest } from './forward-context.ts';
import { forwardFetch } from './forward-fetch.ts';
import { forwardNode } from './forward-node.ts';
import { headBytes, type RawFields, requestFields } from './headers.ts';
import { createEpochPacker, signHop } from './hop.ts';
import type { CheckedForward } from './options.ts';
import { createPatience } from './patience.ts';
import { addressTaker, createPlaces, PRIVATE, type Takers } from './places.ts';
import { readBeforeItEnds } from './read-on.ts';
import { sentTarget } from './target.ts';

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
    /** Adds to the head of an answer that says that nobody can tell what became of the write. */
    readonly onUnknown?: (head: ResponseHead) => void;
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
  readonly keyring: RegionKeyring;
  /** Signs what a gate says of its answers. */
  readonly answers: RegionKeyring;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
  readonly watch: ForwardWatch;
}): Forwarder {
  const { self } = regions;
  const pools = new Map<string, Pool>();
  const pack = createEpochPacker();
  const { maxConcurrent: max, maxPerClient } = options;
  const places = createPlaces({ max, maxPerClient });
  let closed: Promise<unknown> | undefined;

  const open = buildConnector({
    timeout: options.connectTimeoutMs,
    // Always, whatever the environment says.
    rejectUnauthorized: true,
    ...(options.ca !== undefined && { ca: options.ca as string | Buffer | (string | Buffer)[] }),
  });
  const connect: buildConnector.connector = (to, done) =>
    open(to, (...[error, socket]) => {
      if (error !== null) return done(error, null);
      readBeforeItEnds(socket, clock);
      done(null, socket);
    });
  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections: max,
        pipelining: 1,
        allowH2: false,
        headersTimeout: options.headersTimeoutMs,
        // What browsers take. An answer to a write that was done must not fail by the length of its head.
        maxHeaderSize: 256 * 1024,
        bodyTimeout: options.bodyTimeoutMs,
        connect,
      });
      pools.set(origin, pool);
    }
    return pool;
  };
  const whoAsks = (request: RequestView): Client =>
    clientOf(request, returned('forward.clientAddress', options.clientAddress?.(request), TEXT));
  /** A name that the app gives counts by itself; without one, the address does, and all that have none together. */
  const takersOf = (view: RequestView, { address, isGiven }: Client, trusted: boolean): Takers => {
    const named = returned('forward.client', options.client?.(view), TEXT);
    if (named !== undefined) return [`name ${named}`];
    const last = trusted && !isGiven ? view.header('x-forwarded-for').at(-1)?.split(',').at(-1)?.trim() : undefined;
    const from = (last === undefined ? undefined : ipOf(last)) ?? address;
    const takers = options.client === undefined ? [] : ['nameless'];
    if (from === undefined) return takers;
    const taker = addressTaker(from);
    // The address of a balancer is no client: a share of the places for it would be one for all clients together.
    const isUntrusted = options.trustForwarded === false && !isGiven && view.header('x-forwarded-for').length > 0;
    if (isUntrusted && PRIVATE.test(taker)) {
      router.notice?.('REGIONKIT_TRUST_FORWARDED', UNTRUSTED);
      return takers;
    }
    return [...takers, `address ${taker}`];
  };
  const errorOf = (failure: ForwardFailure, region: string, cause?: unknown): ForwardError => {
    const error = new ForwardError(failure, { self, region, retryAfterSeconds, cause });
    watch.failed(error);
    return error;
  };

  const leftMs = ({ startedAtMs }: ForwardRequest): number =>
    Math.max(1, options.deadlineMs - (clock.now() - startedAtMs));
  const patience: ForwardContext['patience'] = (onOut) =>
    createPatience({ clock, ms: options.bodyTimeoutMs, bytesPerSecond: options.minBytesPerSecond, onOut });
  /** What is sent for a forward, or why it cannot be. */
  const requestOf = (
    forward: ForwardRequest,
    { fields: given, body, contentLength }: SentRequest,
  ): ExchangeRequest | ForwardFailure => {
    const { method, target, to, write, client, host, trusted } = forward;
    const deadlineMs = leftMs(forward);
    const claims = { from: self, to, atMs: clock.wallMs(), deadlineMs, epoch: router.highest(), write };
    const [signs, verifies] = [keyring.between(to), answers.between(to)];
    if (signs === undefined || verifies === undefined) return NO_REGION;
    const mark = signHop(signs, forward, claims, pack);
    const fields = requestFields(given, { ...client, host, trusted }, mark, contentLength);
    if (headBytes(target, fields) + FRAMING_BYTES >= options.maxHeadBytes) return HEAD_TOO_LARGE;
    const { bodyTimeoutMs } = options;
    const kindOf = (answer: RawFields): AnswerKind | undefined => readAnswer(verifies, mark, to, answer);
    return { method, target, fields, body, bodyTimeoutMs, deadlineMs, kindOf };
  };
  const context: ForwardContext = {
    patience,
    send: (forward, sent, sink) => {
      const obstacle = closed === undefined ? places.obstacle(forward.takers) : CLOSED;
      if (obstacle !== undefined) return obstacle;
      let request: ExchangeRequest | ForwardFailure;
      let pool: Pool;
      try {
        pool = poolOf(forward.origin);
        request = requestOf(forward, sent);
      } catch {
        // No request handler is above this any more: what is thrown here would end the process.
        return NOT_PREPARED;
      }
      if ('code' in request) return request;
      let started: Exchange | undefined;
      const giveBack = places.take(forward.takers, {
        patience: () => started?.patience() ?? 1,
        giveUp: () => started?.giveUp(),
      });
      started = exchange(pool, request, sink, { clock, patience, ended: giveBack });
      return started;
    },
    answered: ({ to, startedAtMs }, status) =>
      watch.forwarded({ region: to, status, headMs: clock.now() - startedAtMs }),
    explain: (forward, failure, cause) => {
      if (failure.code === 'ERR_FORWARD_NOT_PRIMARY') router.doubt();
      const error = errorOf(failure, forward.to, cause);
      forward.failed(error);
      return error;
    },
  };

  return {
    get inFlight() {
      return places.taken;
    },
    clientOf: whoAsks,
    decide: ({ view, client = whoAsks(view), to, startedAtMs, write, onUnknown }) => {
      const region = regions.get(to);
      // A primary where this process has no region for: nothing of it can be reached.
      if (region === undefined) return errorOf(NO_REGION, to);
      const sent = sentTarget(view.target);
      if (sent === undefined) return errorOf(MALFORMED, to);

      const { trustForwarded } = options;
      // Asked here, where what the app throws is answered for.
      const trusted =
        typeof trustForwarded === 'function'
          ? returned('forward.trustForwarded', trustForwarded(view), TRUST)
          : trustForwarded;
      const { target, authority } = sent;
      let unknown = false;
      const failed = (error: ForwardError): void => {
        unknown = error.outcome === 'unknown';
      };
      const place = { to, origin: region.origin, startedAtMs, write };
      const forward: ForwardRequest = {
        method: view.method,
        target,
        host: authority ?? view.host,
        client,
        takers: takersOf(view, client, trusted),
        trusted,
        failed,
        ...place,
      };
      return {
        action: 'proxy',
        reason: 'forwarded',
        node: (request, response) => forwardNode(context, forward, request, response),
        fetch: (request) => forwardFetch(context, forward, request),
        ...(onUnknown !== undefined && {
          onHead: (head: ResponseHead) => {
            if (unknown) onUnknown(head);
          },
        }),
      };
    },
    close: async () => {
      closed ??= Promise.all([...pools.values()].map((pool) => pool.close()));
      await closed;
    },
  };
}

const UNTRUSTED = 'createWriteGate: all clients have one address: set forward.trustForwarded';
/** `Host`, `Connection` and `Transfer-Encoding`, which undici adds. */
const FRAMING_BYTES = 320;
const HEAD_TOO_LARGE = {
  code: 'ERR_FORWARD_HEAD_TOO_LARGE',
  outcome: 'not-sent',
  proxyError: 'http_request_error',
} as const;
const CLOSED = { code: 'ERR_FORWARD_CLOSED', outcome: 'not-sent', proxyError: 'proxy_internal_error' } as const;
const MALFORMED = { code: 'ERR_FORWARD_BAD_REQUEST', outcome: 'not-sent', proxyError: 'http_request_error' } as const;
/** Something of this process failed before anything was sent. */
const NOT_PREPARED = {
  code: 'ERR_FORWARD_UNREACHABLE',
  outcome: 'not-sent',
  proxyError: 'proxy_internal_error',
} as const;
/** Nothing of it can be reached: no region of that name here, or no key of it. */
const NO_REGION = {
  code: 'ERR_FORWARD_UNREACHABLE',
  outcome: 'not-sent',
  proxyError: 'proxy_configuration_error',
} as const;
