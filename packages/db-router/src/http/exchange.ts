import type { Readable } from 'node:stream';
import type { Clock } from '@regionkit/core/kit';
import type { Dispatcher, Pool } from 'undici';
import type { AnswerKind } from './answer-mark.ts';
import { classifyFailure, plainCause } from './classify.ts';
import type { ForwardFailure } from './errors.ts';
import type { AnswerSink, Exchange, ExchangeRequest } from './forward-context.ts';
import type { Patience } from './patience.ts';

/** What the caller of an exchange provides. */
export interface ExchangeHost {
  readonly clock: Clock;
  /** Makes a patience for the client: one for what it sends, one for what it reads. */
  patience(onOut: () => void): Patience;
  /** Called when nothing of it runs any more, in this region or the other. */
  ended(): void;
}

/**
 * Sends a request and passes its answer on piece by piece, in order, with backpressure in both directions. It never
 * retries. Every exchange ends with exactly one `end` or `fail`, and with one `ended`. The last one comes later if an
 * unwanted answer is read to keep the connection usable.
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
  /** Marks the exchange as finished for its caller. Returns true once. */
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    cancelDeadline();
    stopWatching?.();
    sending?.end();
    taking?.end();
    feed?.release();
    return true;
  };
  const finish = (): void => {
    if (over) return;
    over = true;
    cancelDrain?.();
    host.ended();
  };
  /** Before there is a connection, undici cannot drop a request. It stays queued until it starts or fails. */
  const abort = (): void => {
    if (controller === undefined) return;
    controller.abort(ABANDONED);
    finish();
  };
  /** Reads the rest of the answer, up to a limit, so that the connection can be used again. */
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
  const sending =
    feed &&
    host.patience(() => {
      // A client that is slow while it is answered is covered by the timeout of the answer.
      if (!answered) idle();
    });
  // Most answers are read as fast as they come.
  let taking: Patience | undefined;
  if (sending !== undefined) feed?.pace(sending);
  const cancelDeadline = clock.schedule(timeOut, request.deadlineMs);

  pool.dispatch(
    {
      path: request.target,
      method: request.method,
      headers: request.fields,
      body: feed?.stream ?? (body as Buffer | undefined) ?? null,
      // A second request on this connection could be lost with it.
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
          // Nothing slows them down if the client does not read.
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
        // A length here belongs to the answer that is left out, or is a mistake. undici would miss that many bytes and
        // report a truncated answer.
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
        if (sink.data(chunk) || settled) return;
        paused = true;
        started.pause();
        taking ??= host.patience(idle);
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
      taking?.moved(taken);
      taken = 0;
      controller?.resume();
    },
    abandon: () => {
      const gone = ofClient(CLIENT_GONE);
      // A new connection costs the primary more than finishing a request that was sent whole. Only long ones are cut
      // off.
      if (!isWhole()) fail(gone);
      else if (settle()) {
        drain();
        sink.fail(gone, undefined);
      }
    },
    breakOff: (cause) => fail(NOT_GIVEN, plainCause(cause)),
    patience: () => {
      if (controller === undefined) return 1;
      return settled ? 0 : Math.min(taking?.left() ?? 1, sending?.left() ?? 1);
    },
    giveUp: () => {
      if (settled) abort();
      else idle();
    },
  };
}

/**
 * Calls back when nothing was read from `stream` for this time although it has data. Stops when the stream has ended.
 */
function watchMoves(stream: Readable, clock: Clock, idleMs: number, onIdle: () => void): () => void {
  let movedAtMs = clock.now();
  const check = (): void => {
    const leftMs = movedAtMs + idleMs - clock.now();
    cancel = clock.schedule(check, leftMs > 0 ? leftMs : idleMs);
    if (leftMs <= 0 && stream.readableLength > 0) onIdle();
  };
  let cancel = clock.schedule(check, idleMs);
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

/** How many interim answers are passed on. */
const MAX_INTERIM = 16;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
/** How many bytes of an unwanted answer are read, and for how long. Above this a new connection is cheaper. */
const MAX_DRAINED_BYTES = 64 * 1024;
const DRAIN_MS = 1_000;

/**
 * The failure for an answer that must not be passed on. An app may answer 421 itself, so only the mark of the gate
 * counts.
 */
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
/** The answer arrived but could not be passed to the client. */
export const NOT_GIVEN: ForwardFailure = {
  code: 'ERR_FORWARD_INCOMPLETE',
  outcome: 'unknown',
  proxyError: 'proxy_internal_error',
};
const CLIENT_GONE = { code: 'ERR_FORWARD_CLIENT_GONE', proxyError: 'http_request_error' } as const;
const CLIENT_IDLE = { code: 'ERR_FORWARD_CLIENT_IDLE', proxyError: 'http_request_error' } as const;
const ABANDONED = new Error('the exchange is over');

/**
 * undici has decoded it as UTF-8. Characters that do not fit, or are not allowed in a status line
 * ([RFC 9112 section 4](https://www.rfc-editor.org/rfc/rfc9112#section-4)), are removed.
 */
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
