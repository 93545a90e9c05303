import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { NodeRequest, NodeResponse } from '@regionkit/core';
import { type BodyFeed, bodyBytes, collect, feedFromNode, isConsumed, SMALL_BYTES } from './body.ts';
import { plainCause } from './classify.ts';
import { BODY_CONSUMED, type ForwardFailure } from './errors.ts';
import { NOT_GIVEN } from './exchange.ts';
import type { AnswerSink, Exchange, ForwardContext, ForwardRequest } from './forward-context.ts';
import { type RawFields, responseFields } from './headers.ts';
import { answerOf } from './problem.ts';

/**
 * Forwards a request of Node's http, https or http2 server. Resolves when its answer has ended, with success or
 * failure.
 */
export function forwardNode(
  context: ForwardContext,
  forward: ForwardRequest,
  request: NodeRequest,
  given: NodeResponse,
): Promise<void> {
  // The compatibility API of http2 has the same methods. Only the types differ.
  const response = given as ServerResponse;
  return new Promise((resolve) => {
    let started: Exchange | undefined;
    let unshown: (() => void) | undefined;
    let shown = false;
    let heedsDrain = false;
    let bodiless = request.method === 'HEAD';
    const onDrain = (): void => started?.resume();
    const onClose = (): void => started?.abandon();
    const detach = (): void => {
      response.off('drain', onDrain).off('close', onClose);
    };

    const fail = (failure: ForwardFailure, cause?: unknown): void => {
      detach();
      const error = context.explain(forward, failure, cause);
      try {
        if (shown || response.headersSent || isGone(response)) cutShort(response);
        else {
          const { status, headers, body } = answerOf(error);
          // Do not wait for the rest of a slow body. The client may start again.
          if (failure.code === 'ERR_FORWARD_CLIENT_IDLE') response.shouldKeepAlive = false;
          setHead(response, status, '', headers.flat());
          response.end(request.method === 'HEAD' ? undefined : body);
        }
      } catch {
        cutShort(response);
      }
      resolve();
    };
    /**
     * Delays the head until it is sent with the data that follows. If a failure comes before that, the response is
     * untouched.
     */
    const showHead = (): void => {
      const show = unshown;
      unshown = undefined;
      show?.();
    };

    const sink: AnswerSink = {
      inform: (status, fields) => inform(request, response, status, fields),
      head: (status, reason, fields) => {
        context.answered(forward, status);
        bodiless ||= status === 204 || status === 304;
        unshown = () => {
          const kept = responseFields(fields);
          response.sendDate = kept.some(
            (name, at) => at % 2 === 0 && name.length === 4 && name.toLowerCase() === 'date',
          );
          setHead(response, status, reason, kept);
        };
        // An answer whose body comes later (a long poll, server-sent events) must show its head now.
        queueMicrotask(() => {
          if (unshown === undefined || bodiless || isGone(response)) return;
          try {
            sink.data(NOTHING);
          } catch (error) {
            // Another hook on the response threw. No other code catches this.
            started?.breakOff(error);
          }
        });
      },
      data: (chunk) => {
        shown = true;
        showHead();
        const takesMore = response.write(chunk);
        // Not `once` for each wait: middleware that compresses never removes such a listener.
        if (!takesMore && !heedsDrain) {
          heedsDrain = true;
          response.on('drain', onDrain);
        }
        return takesMore;
      },
      end: () => {
        detach();
        try {
          showHead();
          // Node would add a length that the answer does not have. It adds none to an answer that can have no body.
          if (!shown && !bodiless && !response.headersSent) response.write(NOTHING);
          response.end();
          resolve();
        } catch (error) {
          shown = true;
          fail(NOT_GIVEN, plainCause(error));
        }
      },
      fail,
    };

    const send = (body: BodyFeed | Buffer | undefined): void => {
      // A lenient parser accepts a length beside Transfer-Encoding, but it has no meaning.
      const isChunked = request.headers['transfer-encoding'] !== undefined;
      const contentLength = body === undefined || isChunked ? undefined : request.headers['content-length'];
      const sending = isCutOff(request, response)
        ? CLIENT_GONE
        : context.send(forward, { fields: request.rawHeaders, body, contentLength }, sink);
      if ('code' in sending) {
        if (body !== undefined && !Buffer.isBuffer(body)) body.release();
        fail(sending);
        return;
      }
      started = sending;
      response.on('close', onClose);
    };

    const bytes = bodyBytes(request);
    if (bytes === 0) send(undefined);
    else if (isConsumed(request)) fail(BODY_CONSUMED);
    else if (hasOtherCoding(request)) {
      // The sender may have meant another end of the message. Read nothing more from this connection.
      response.shouldKeepAlive = false;
      fail(TRANSFER_CODING);
    } else if (bytes <= SMALL_BYTES) {
      collect(request, context.patience, (body) => {
        if (Buffer.isBuffer(body)) send(body);
        else fail(body === 'gone' ? CLIENT_GONE : CLIENT_IDLE);
      });
    } else send(feedFromNode(request));
  });
}

function isGone(response: ServerResponse): boolean {
  const { stream } = response as { readonly stream?: { readonly destroyed: boolean } };
  return response.destroyed === true || stream?.destroyed === true;
}

/**
 * The client has disconnected, or was told that its connection cannot continue, because a second request may be hidden
 * after this one.
 */
function isCutOff(request: NodeRequest, response: ServerResponse): boolean {
  if (isGone(response)) return true;
  if (request.httpVersionMajor >= 2) return false;
  const { socket } = request as { readonly socket?: { readonly destroyed?: boolean; readonly writable?: boolean } };
  return socket?.destroyed === true || socket?.writable === false;
}

/**
 * For example `gzip, chunked`: Node removes only chunked, and the field that names the other coding belongs to one
 * connection.
 */
function hasOtherCoding(request: NodeRequest): boolean {
  const coding = request.headers['transfer-encoding'];
  return request.httpVersionMajor < 2 && coding !== undefined && coding.trim().toLowerCase() !== 'chunked';
}

/** Written to send only the head. `flushHeaders` would encode it as UTF-8, which is wrong for header fields. */
const NOTHING: Buffer = Buffer.alloc(0);

const TRANSFER_CODING: ForwardFailure = {
  code: 'ERR_FORWARD_TRANSFER_CODING',
  outcome: 'not-sent',
  proxyError: 'http_request_error',
};

const CLIENT_GONE: ForwardFailure = {
  code: 'ERR_FORWARD_CLIENT_GONE',
  outcome: 'not-sent',
  proxyError: 'http_request_error',
};

const CLIENT_IDLE: ForwardFailure = {
  code: 'ERR_FORWARD_CLIENT_IDLE',
  outcome: 'not-sent',
  proxyError: 'http_request_error',
};

/** Makes sure that the client does not take a partial answer for the whole. */
function cutShort(response: ServerResponse): void {
  const { stream } = response as { readonly stream?: { close?(code: number): void } };
  if (stream?.close === undefined) response.destroy();
  else stream.close(INTERNAL_ERROR);
}

/** [RFC 9113 section 7](https://www.rfc-editor.org/rfc/rfc9113#section-7). */
const INTERNAL_ERROR = 2;

/**
 * Sets the fields with `setHeader`, so that fields that were set before (CORS, the region cookie) are kept or replaced
 * one by one.
 */
function setHead(response: ServerResponse, status: number, reason: string, fields: RawFields): void {
  const isHttp2 = response.req.httpVersionMajor === 2;
  const grouped = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    const field = name.toLowerCase();
    const group = grouped.get(field);
    if (group === undefined) grouped.set(field, { name, values: [value] });
    else group.values.push(value);
  }
  for (const [field, { name, values }] of grouped) {
    const before = field === 'set-cookie' ? response.getHeader(field) : undefined;
    const all = before === undefined ? values : [before, values].flat().map(String);
    response.setHeader(
      name,
      all.length === 1 ? (all[0] as string) : isHttp2 && field !== 'set-cookie' ? joined(all) : all,
    );
  }
  response.statusCode = status;
  if (!isHttp2) response.statusMessage = reason || (STATUS_CODES[status] ?? '');
}

/**
 * Node's HTTP/2 throws for many repeated fields. Joined, they mean the same
 * ([RFC 9110 section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)).
 */
function joined(values: readonly string[]): string {
  return values.every((value) => value === values[0]) ? (values[0] as string) : values.join(', ');
}

/**
 * Passes on 103 ([RFC 8297](https://www.rfc-editor.org/rfc/rfc8297)). It is the only interim answer that Node can write
 * and that concerns the client.
 */
function inform(request: NodeRequest, response: ServerResponse, status: number, fields: RawFields): void {
  if (status !== 103 || request.httpVersion === '1.0' || response.headersSent) return;
  const hints: Record<string, string | string[]> = Object.create(null);
  const kept = responseFields(fields);
  for (let at = 0; at < kept.length; at += 2) {
    const name = (kept[at] as string).toLowerCase();
    // Node wants one array item for each link.
    const values = name === 'link' ? (kept[at + 1] as string).split(/,\s*(?=<)/) : [kept[at + 1] as string];
    hints[name] = [hints[name] ?? [], values].flat();
  }
  try {
    response.writeEarlyHints(hints);
  } catch {
    // Node refuses a malformed link. A hint may be lost.
  }
}
