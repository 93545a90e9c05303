import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { NodeRequest, NodeResponse } from '@regionkit/core';
import { type BodyFeed, bodyBytes, collect, feedFromNode, isConsumed, SMALL_BYTES } from './body.ts';
import { plainCause } from './classify.ts';
import { BODY_CONSUMED, type ForwardFailure } from './errors.ts';
import { NOT_GIVEN } from './exchange.ts';
import type { AnswerSink, Exchange, ForwardContext, ForwardRequest } from './forward-context.ts';
import { type RawFields, responseFields } from './headers.ts';
import { answerOf } from './problem.ts';

/** Forwards a request of Node's http, https or http2 server. Resolves when its answer has ended, however it has. */
export function forwardNode(
  context: ForwardContext,
  forward: ForwardRequest,
  request: NodeRequest,
  given: NodeResponse,
): Promise<void> {
  // The compatibility API of http2 has the same methods; only its types have not.
  const response = given as ServerResponse;
  return new Promise((resolve) => {
    let started: Exchange | undefined;
    let unshown: (() => void) | undefined;
    let shown = false;
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
          // What is left of a slow body is not waited for: the client may begin anew.
          if (failure.code === 'ERR_FORWARD_CLIENT_IDLE') response.shouldKeepAlive = false;
          setHead(response, status, '', headers.flat());
          response.end(request.method === 'HEAD' ? undefined : body);
        }
      } catch {
        cutShort(response);
      }
      resolve();
    };
    /** The head is kept back until it goes out with what follows: a failure before that finds the response untouched. */
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
            // Whatever else has hooked the response threw: nobody else is there to catch it.
            started?.breakOff(error);
          }
        });
      },
      data: (chunk) => {
        shown = true;
        showHead();
        return response.write(chunk);
      },
      end: () => {
        detach();
        try {
          showHead();
          // Node would add a length that the answer has not; to one that can have no body it adds none.
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
      // Beside a Transfer-Encoding, which a lenient parser lets pass, a length means nothing.
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
      response.on('drain', onDrain).on('close', onClose);
    };

    const bytes = bodyBytes(request);
    if (bytes === 0) send(undefined);
    else if (isConsumed(request)) fail(BODY_CONSUMED);
    else if (hasOtherCoding(request)) {
      // Whoever sent it may cut it in another place: nothing more is read from there.
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

/** The client is gone, or was just told that its connection cannot go on: what broke it may stand behind the request. */
function isCutOff(request: NodeRequest, response: ServerResponse): boolean {
  if (isGone(response)) return true;
  if (request.httpVersionMajor >= 2) return false;
  const { socket } = request as { readonly socket?: { readonly destroyed?: boolean; readonly writable?: boolean } };
  return socket?.destroyed === true || socket?.writable === false;
}

/** Such as `gzip, chunked`: Node takes off chunked alone, and the field that tells of the rest is for one connection. */
function hasOtherCoding(request: NodeRequest): boolean {
  const coding = request.headers['transfer-encoding'];
  return request.httpVersionMajor < 2 && coding !== undefined && coding.trim().toLowerCase() !== 'chunked';
}

/** Written to send the head alone: `flushHeaders` would send it in UTF-8, which header fields are not in. */
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

/** The client must not take what it has for the whole answer. */
function cutShort(response: ServerResponse): void {
  const { stream } = response as { readonly stream?: { close?(code: number): void } };
  if (stream?.close === undefined) response.destroy();
  else stream.close(INTERNAL_ERROR);
}

/** RFC 9113 section 7. */
const INTERNAL_ERROR = 2;

/** Fields by `setHeader`, so that what was set before (CORS, the region cookie) is kept or replaced field by field. */
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

/** Node's HTTP/2 throws at many a field that is sent twice; joined, it says the same (RFC 9110 section 5.3). */
function joined(values: readonly string[]): string {
  return values.every((value) => value === values[0]) ? (values[0] as string) : values.join(', ');
}

/** Passes on 103 (RFC 8297), the one interim answer that Node can write and that is not between two neighbours alone. */
function inform(request: NodeRequest, response: ServerResponse, status: number, fields: RawFields): void {
  if (status !== 103 || request.httpVersion === '1.0' || response.headersSent) return;
  const hints: Record<string, string | string[]> = Object.create(null);
  const kept = responseFields(fields);
  for (let at = 0; at < kept.length; at += 2) {
    const name = (kept[at] as string).toLowerCase();
    // Node wants each link by itself.
    const values = name === 'link' ? (kept[at + 1] as string).split(/,\s*(?=<)/) : [kept[at + 1] as string];
    hints[name] = [hints[name] ?? [], values].flat();
  }
  try {
    response.writeEarlyHints(hints);
  } catch {
    // A link that Node takes for malformed: a hint is only a hint.
  }
}
