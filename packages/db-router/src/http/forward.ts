import type { ProxyDecision, RequestView, ResponseHead } from '@regionkit/core';
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
import type { CheckedForward } from './forward-options.ts';
import { headBytes, type RawFields, requestFields } from './headers.ts';
import { createEpochPacker, signHop } from './hop.ts';

import { createPatience } from './patience.ts';
import { readBeforeItEnds } from './read-on.ts';
import { addressName, type ClientNames, createSlots, PRIVATE } from './slots.ts';
import { sentTarget } from './target.ts';

/** Gets the results of forwards. */
export interface ForwardWatch<Name extends string> {
  forwarded(outcome: { readonly region: Name; readonly status: number; readonly headMs: number }): void;
  failed(error: ForwardError): void;
}

/** Forwards whole requests to the primary's region, over one hop, with limited concurrency. */
export interface Forwarder {
  /** Returns a decision that forwards the request, or an error if it cannot even start. */
  decide(request: {
    readonly view: RequestView;
    /** The origin of the request, if it was determined earlier. */
    readonly client: Client | undefined;
    readonly to: string;
    readonly startedAtMs: number;
    readonly write: boolean;
    /** Adds fields to the head of an answer that reports an unknown outcome. */
    readonly onUnknown?: (head: ResponseHead) => void;
  }): ProxyDecision | ForwardError;
  /** Returns the origin of a request that must wait before the gate decides about it. */
  clientOf(request: RequestView): Client;
  readonly inFlight: number;
  /** Refuses new forwards. The running ones end by themselves. */
  close(): Promise<void>;
}

export function createForwarder<Name extends string>({
  router,
  options,
  keyring,
  answers,
  clock,
  retryAfterSeconds,
  watch,
}: {
  readonly router: GateRouter<Name>;
  readonly options: CheckedForward;
  /** Signs hop marks. */
  readonly keyring: RegionKeyring;
  /** Signs what a gate says about its answers. */
  readonly answers: RegionKeyring;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
  readonly watch: ForwardWatch<Name>;
}): Forwarder {
  const { self, regions, gate } = router;
  const pools = new Map<string, Pool>();
  const pack = createEpochPacker();
  const { maxConcurrent: max, maxPerClient } = options;
  const slots = createSlots({ max, maxPerClient });
  let closed: Promise<unknown> | undefined;

  const open = buildConnector({
    timeout: options.connectTimeoutMs,
    // Always verify certificates, whatever the environment says.
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
        // The limit of browsers. The answer to an executed write must not fail because of the length of its head.
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
  /**
   * A name from the app is a client of its own. Without one, the address is the client, and all requests without an
   * address share one limit.
   */
  const clientNamesOf = (view: RequestView, { address, isGiven }: Client, trusted: boolean): ClientNames => {
    const named = returned('forward.client', options.client?.(view), TEXT);
    if (named !== undefined) return [`name ${named}`];
    const last = trusted && !isGiven ? view.header('x-forwarded-for').at(-1)?.split(',').at(-1)?.trim() : undefined;
    const from = (last === undefined ? undefined : ipOf(last)) ?? address;
    const clientNames = options.client === undefined ? [] : ['nameless'];
    if (from === undefined) return clientNames;
    const taker = addressName(from);
    // The address of a balancer is no client: a share of the places for it would be one for all clients together.
    const isUntrusted = options.trustForwarded === false && !isGiven && view.header('x-forwarded-for').length > 0;
    if (isUntrusted && PRIVATE.test(taker)) {
      gate.notice?.('REGIONKIT_TRUST_FORWARDED', UNTRUSTED);
      return clientNames;
    }
    return [...clientNames, `address ${taker}`];
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
    const { method, target, to, write } = forward;
    const deadlineMs = leftMs(forward);
    const claims = { from: self, to, atMs: clock.wallMs(), deadlineMs, epoch: gate.highest(), write };
    const [signs, verifies] = [keyring.between(to), answers.between(to)];
    if (signs === undefined || verifies === undefined) return NO_REGION;
    const mark = signHop(signs, forward, claims, pack);
    const fields = requestFields(given, forward, mark, contentLength);
    if (headBytes(target, fields) + FRAMING_BYTES >= options.maxHeadBytes) return HEAD_TOO_LARGE;
    const { bodyTimeoutMs } = options;
    const kindOf = (answer: RawFields): AnswerKind | undefined => readAnswer(verifies, mark, to, answer);
    return { method, target, fields, body, bodyTimeoutMs, deadlineMs, kindOf };
  };
  const context: ForwardContext = {
    patience,
    send: (forward, sent, sink) => {
      const refusal = closed === undefined ? slots.refusal(forward.clientNames) : CLOSED;
      if (refusal !== undefined) return refusal;
      let request: ExchangeRequest | ForwardFailure;
      let pool: Pool;
      try {
        pool = poolOf(forward.origin);
        request = requestOf(forward, sent);
      } catch {
        // There is no request handler above this. An error here would end the process.
        return NOT_PREPARED;
      }
      if ('code' in request) return request;
      let started: Exchange | undefined;
      const giveBack = slots.acquire(forward.clientNames, {
        patience: () => started?.patience() ?? 1,
        giveUp: () => started?.giveUp(),
      });
      started = exchange(pool, request, sink, { clock, patience, ended: giveBack });
      return started;
    },
    answered: ({ to, startedAtMs }, status) =>
      watch.forwarded({ region: to as Name, status, headMs: clock.now() - startedAtMs }),
    explain: (forward, failure, cause) => {
      if (failure.code === 'ERR_FORWARD_NOT_PRIMARY') gate.recheckPrimary();
      if (SIGNS_OF_A_LOSS.has(failure.code)) gate.notePrimaryUnreached?.();
      const error = errorOf(failure, forward.to, cause);
      forward.failed(error);
      return error;
    },
  };

  return {
    get inFlight() {
      return slots.taken;
    },
    clientOf: whoAsks,
    decide: ({ view, client = whoAsks(view), to, startedAtMs, write, onUnknown }) => {
      const region = regions.get(to);
      // The primary is in a region that this process does not know, so it cannot be reached.
      if (region === undefined) return errorOf(NO_REGION, to);
      const sent = sentTarget(view.target);
      if (sent === undefined) return errorOf(MALFORMED, to);

      const { trustForwarded } = options;
      // Called here, so that an error of the app's function is handled.
      const trusted =
        typeof trustForwarded === 'function'
          ? returned('forward.trustForwarded', trustForwarded(view), TRUST)
          : trustForwarded;
      const { target, authority } = sent;
      let unknown = false;
      const failed = (error: ForwardError): void => {
        unknown = error.outcome === 'unknown';
      };
      const slot = { to, origin: region.origin, startedAtMs, write };
      const forward: ForwardRequest = {
        method: view.method,
        target,
        host: authority ?? view.host,
        client,
        clientNames: clientNamesOf(view, client, trusted),
        trusted,
        failed,
        ...slot,
      };
      return {
        action: 'proxy',
        reason: 'forwarded',
        node: (request, response) => forwardNode(context, forward, request, response),
        fetch: (request) => forwardFetch(context, forward, request),
        ...(onUnknown !== undefined && {
          wantsHead: () => unknown,
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
/** The size of `Host`, `Connection` and `Transfer-Encoding`, which undici adds. */
const FRAMING_BYTES = 320;
const HEAD_TOO_LARGE = {
  code: 'ERR_FORWARD_HEAD_TOO_LARGE',
  outcome: 'not-sent',
  proxyError: 'http_request_error',
} as const;
const CLOSED = { code: 'ERR_FORWARD_CLOSED', outcome: 'not-sent', proxyError: 'proxy_internal_error' } as const;
const MALFORMED = { code: 'ERR_FORWARD_BAD_REQUEST', outcome: 'not-sent', proxyError: 'http_request_error' } as const;
/** What a forward meets when the other region is lost. */
const SIGNS_OF_A_LOSS = new Set<string>(['ERR_FORWARD_UNREACHABLE', 'ERR_FORWARD_INTERRUPTED', 'ERR_FORWARD_TIMEOUT']);
/** An error in this process, before anything was sent. */
const NOT_PREPARED = {
  code: 'ERR_FORWARD_UNREACHABLE',
  outcome: 'not-sent',
  proxyError: 'proxy_internal_error',
} as const;
/** The region cannot be reached: it is unknown here, or has no key here. */
const NO_REGION = {
  code: 'ERR_FORWARD_UNREACHABLE',
  outcome: 'not-sent',
  proxyError: 'proxy_configuration_error',
} as const;
