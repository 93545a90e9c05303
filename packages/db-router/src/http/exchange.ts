import type { Readable } from 'node:stream';
import type { Clock } from '@regionkit/core/kit';
import type { Dispatcher, Pool } from 'undici';
import type { AnswerKind } from './answer-mark.ts';
import { classifyFailure, plainCause } from './classify.ts';
import type { ForwardFailure } from './errors.ts';
import type { AnswerSink, Exchange, ExchangeRequest } from './forward-context.ts';
import type { Patience } from './patience.ts';

/** What an exchange is given by whoever starts it. */
export interface ExchangeHost {
  readonly clock: Clock;
  /** A patience with the client: one for what it sends, one for what it takes. */
  patience(onOut: () => void): Patience;
  /** Nothing of it is under way any more, here or over there. */
  ended(): void;
}

/**
 * Sends a request and hands its answer over piece by piece, in order, with back-pressure both ways. Never retries. Every
 * exchange ends in exactly one `end` or `fail`, and in one `ended`, which comes later where an answer that nobody wants is
 * still read, for the sake of the connection.
 */
export function exchange(pool: Pool, request: ExchangeRequest, sink: AnswerSink, host: ExchangeHost): Exchange {
  const { clock } = host;
  const { body } = request;
  const feed = body === undefined || Buffer.isBuffer(body) ? undefined : body;
  let controller: Dispatcher.DispatchController | undefined;
  let answered = false;
  let settled = false;
  let over = false;
  let paused = false;
  let informed = 0;
  let taken = 0;
  let left = MAX_DRAINED_BYTES;
  let cancelDrain: (() => void) | undefined;
  let stopWatching: (() => void) | undefined;

  const sent = (): boolean => controller !== undefined && (feed === undefined || feed.begun());
  const isWhole = (): boolean => controller !== undefined && (feed === undefined || feed.stream.readableEnded);
  /** The last of what whoever started it is told; true once. */
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    cancelDeadline();
    stopWatching?.();
    sending.end();
    taking.end();
    feed?.release();
    return true;
  };
  const finish = (): void => {
    if (over) return;
    over = true;
    cancelDrain?.();
    host.ended();
  };
  /** Before there is a connection undici cannot drop a request: it keeps its place until it begins or fails. */
  const abort = (): void => {
    if (controller === undefined) return;
    controller.abort(ABANDONED);
    finish();
  };
  /** The rest of the answer is read, within bounds, so that the connection can serve again. */
  const drain = (): void => {
    if (over) return;
    cancelDrain = clock.schedule(abort, DRAIN_MS);
    controller?.resume();
  };
  const fail = (failure: ForwardFailure, cause?: unknown): void => {
    if (!settle()) return;
    abort();
    sink.fail(failure, cause);
  };
  const timeOut = (): void => {
    const failure: ForwardFailure = !sent()
      ? { code: 'ERR_FORWARD_UNREACHABLE', outcome: 'not-sent', proxyError: 'connection_timeout' }
      : answered
        ? { code: 'ERR_FORWARD_INCOMPLETE', outcome: 'unknown', proxyError: 'http_response_timeout' }
        : { code: 'ERR_FORWARD_TIMEOUT', outcome: 'unknown', proxyError: 'http_response_timeout' };
    fail(failure);
  };
  const ofClient = (failure: Pick<ForwardFailure, 'code' | 'proxyError'>): ForwardFailure => ({
    ...failure,
    outcome: sent() ? 'unknown' : 'not-sent',
  });
  const idle = (): void => fail(ofClient(CLIENT_IDLE));
  const sending = host.patience(() => {
    // A client that takes its time while it is answered does no harm that the answer's own timeout does not end.
    if (!answered) idle();
  });
  const taking = host.patience(idle);
  feed?.pace(sending);
  const cancelDeadline = clock.schedule(timeOut, request.deadlineMs);

  pool.dispatch(
    {
      path: request.target,
      method: request.method,
      headers: request.fields,
      body: feed?.stream ?? (body as Buffer | undefined) ?? null,
      // A second request behind this one could be lost with it.
      idempotent: false,
      blocking: true,
    },
    {
      onRequestStart: (started) => {
        controller = started;
        if (settled) abort();
        else if (feed !== undefined) stopWatching = watchMoves(feed.stream, clock, request.bodyTimeoutMs, timeOut);
      },
      onResponseStart: (started, status, _parsed, reason) => {
        if (settled) return;
        const fields = textOf(started.rawHeaders);
        if (status < 200) {
          // Nothing holds them back when the client does not read.
          if (informed < MAX_INTERIM) sink.inform(status, fields);
          informed += 1;
          return;
        }
        const refusal = refusalIn(status, request.kindOf(fields));
        if (refusal !== undefined) {
          if (!settle()) return;
          drain();
          sink.fail(refusal, undefined);
          return;
        }
        answered = true;
        sink.head(status, reasonOf(reason), fields);
        // A length in it is that of the answer it spares, or a slip; undici misses that many bytes, and would call it cut
        // short.
        if ((status === NOT_MODIFIED || status === NO_CONTENT) && settle()) {
          drain();
          sink.end();
        }
      },
      onResponseData: (started, chunk) => {
        if (settled) {
          left -= chunk.length;
          if (left < 0) abort();
          return;
        }
        taken += chunk.length;
        if (sink.data(chunk)) return;
        paused = true;
        started.pause();
        taking.wait();
      },
      onResponseEnd: () => {
        finish();
        if (settle()) sink.end();
      },
      onResponseError: (_controller, error) => {
        finish();
        if (!settled) fail(classifyFailure(error, { sent: sent(), answered }), plainCause(error));
      },
    },
  );

  return {
    resume: () => {
      if (!paused) return;
      paused = false;
      taking.moved(taken);
      taken = 0;
      controller?.resume();
    },
    abandon: () => {
      const gone = ofClient(CLIENT_GONE);
      // A new connection costs the primary more than to end what it has been sent whole: only what lasts is cut off.
      if (!isWhole()) fail(gone);
      else if (settle()) {
        drain();
        sink.fail(gone, undefined);
      }
    },
    breakOff: (cause) => fail(NOT_GIVEN, plainCause(cause)),
    patience: () => {
      if (controller === undefined) return 1;
      return settled ? 0 : Math.min(taking.left(), sending.left());
    },
    giveUp: () => {
      if (settled) abort();
      else idle();
    },
  };
}

/** Tells when nothing has been taken out of `stream` for so long although there is something, until it has ended. */
function watchMoves(stream: Readable, clock: Clock, idleMs: number, onIdle: () => void): () => void {
  let movedAtMs = clock.now();
  const look = (): void => {
    const leftMs = movedAtMs + idleMs - clock.now();
    cancel = clock.schedule(look, leftMs > 0 ? leftMs : idleMs);
    if (leftMs <= 0 && stream.readableLength > 0) onIdle();
  };
  let cancel = clock.schedule(look, idleMs);
  const onMove = (): void => {
    movedAtMs = clock.now();
  };
  const stop = (): void => {
    cancel();
    stream.off('data', onMove).off('end', stop);
  };
  stream.on('data', onMove).on('end', stop);
  return stop;
}

/** Interim answers that are passed on. */
const MAX_INTERIM = 16;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
/** Of an answer that nobody wants any more, so much is read, and so long: beyond that, another connection is cheaper. */
const MAX_DRAINED_BYTES = 64 * 1024;
const DRAIN_MS = 1_000;

/** What an answer is, where it is not to be passed on. An app may answer 421 itself: only the gate's own word counts. */
function refusalIn(status: number, kind: AnswerKind | undefined): ForwardFailure | undefined {
  if (kind === 'turned-back') return { ...TURNED_BACK, receivedStatus: status };
  return kind === undefined && status >= 500 && status < 600 ? { ...UNMARKED, receivedStatus: status } : undefined;
}

const TURNED_BACK = {
  code: 'ERR_FORWARD_NOT_PRIMARY',
  outcome: 'rejected',
  proxyError: 'destination_unavailable',
} as const;
const UNMARKED = {
  code: 'ERR_FORWARD_UNMARKED_ANSWER',
  outcome: 'unknown',
  proxyError: 'destination_unavailable',
} as const;
/** The answer came, and could not be given to the client. */
export const NOT_GIVEN: ForwardFailure = {
  code: 'ERR_FORWARD_INCOMPLETE',
  outcome: 'unknown',
  proxyError: 'proxy_internal_error',
};
const CLIENT_GONE = { code: 'ERR_FORWARD_CLIENT_GONE', proxyError: 'http_request_error' } as const;
const CLIENT_IDLE = { code: 'ERR_FORWARD_CLIENT_IDLE', proxyError: 'http_request_error' } as const;
const ABANDONED = new Error('the exchange is over');

/** undici has read it as UTF-8. What is neither that nor fit for a status line (RFC 9112 section 4) is left out. */
function reasonOf(parsed = ''): string {
  const bytes = ASCII.test(parsed) ? parsed : Buffer.from(parsed).toString('latin1');
  return REASON.test(bytes) && !parsed.includes('\ufffd') ? bytes : '';
}

const ASCII = /^[\t\x20-\x7e]*$/;
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

function textOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((bytes) => (typeof bytes === 'string' ? bytes : bytes.toString('latin1')));
}
