import type { ServerResponse } from 'node:http';
import type { NodeRequest, NodeResponse } from '@regionkit/core';
import { feedFromNode, hasBody, isConsumed } from './body.ts';
import type { ForwardFailure } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Passage } from './forward.ts';
import { type RawFields, requestFields, responseFields } from './headers.ts';
import { answerOf } from './problem.ts';

/** Forwards a request of Node's http, https or http2 server. Resolves when its answer has ended, however it has. */
export function forwardNode(passage: Passage, request: NodeRequest, given: NodeResponse): Promise<void> {
  // The compatibility API of http2 has the same methods; only its types have not.
  const response = given as ServerResponse;
  return new Promise((resolve) => {
    let written: readonly string[] = [];
    const fail = (failure: ForwardFailure, cause?: unknown): void => {
      const error = passage.explain(failure, cause);
      if (response.headersSent || response.destroyed) cutShort(response);
      else {
        for (const name of written) response.removeHeader(name);
        response.sendDate = true;
        const { status, headers, body } = answerOf(error);
        writeHead(response, status, '', headers.flat());
        response.end(request.method === 'HEAD' ? undefined : body);
      }
      resolve();
    };

    const carriesBody = hasBody(request);
    const obstacle = carriesBody && isConsumed(request) ? BODY_CONSUMED : passage.obstacle();
    if (obstacle !== undefined) {
      fail(obstacle);
      return;
    }
    let started: Exchange | undefined;
    let cancelStall: (() => void) | undefined;
    const stall = {
      start: () => {
        cancelStall ??= passage.schedule(() => started?.stall(), passage.options.bodyTimeoutMs);
      },
      stop: () => {
        cancelStall?.();
        cancelStall = undefined;
      },
    };
    const body = carriesBody ? feedFromNode(request, stall) : undefined;
    const onDrain = (): void => started?.resume();
    const onClose = (): void => started?.abandon();
    const detach = (): void => {
      response.off('drain', onDrain).off('close', onClose);
    };

    started = passage.send(
      {
        fields: requestFields(
          request.rawHeaders,
          {
            httpVersion: request.httpVersionMajor >= 2 ? '2.0' : request.httpVersion,
            host: passage.view.host,
            scheme: (request.socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http',
            remoteAddress: request.socket?.remoteAddress,
            trusted: passage.trusts(),
          },
          passage.mark(),
          body === undefined ? undefined : request.headers['content-length'],
        ),
        body,
      },
      {
        inform: (status, fields) => inform(request, response, status, fields),
        head: (status, reason, fields) => {
          passage.answered(status);
          const kept = responseFields(fields);
          written = kept.filter((_, at) => at % 2 === 0);
          writeHead(response, status, reason, kept);
          response.sendDate = written.some((name) => name.toLowerCase() === 'date');
          // An answer whose body comes later (a long poll, server-sent events) must show its head now.
          queueMicrotask(() => {
            if (!response.headersSent) response.write(NOTHING);
          });
        },
        data: (chunk) => response.write(chunk),
        end: () => {
          detach();
          // Node would add a length that the answer has not.
          if (!response.headersSent) response.write(NOTHING);
          response.end();
          resolve();
        },
        fail: (failure, cause) => {
          detach();
          fail(failure, cause);
        },
      },
    );
    response.on('drain', onDrain).on('close', onClose);
  });
}

/** Written to send the head alone: `flushHeaders` would send it in UTF-8, which header fields are not in. */
const NOTHING: Buffer = Buffer.alloc(0);

const BODY_CONSUMED: ForwardFailure = {
  code: 'ERR_FORWARD_BODY_CONSUMED',
  outcome: 'not-sent',
  proxyError: 'proxy_configuration_error',
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
function writeHead(response: ServerResponse, status: number, reason: string, fields: RawFields): void {
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
    response.setHeader(name, all.length === 1 ? (all[0] as string) : all);
  }
  response.statusCode = status;
  if (reason !== '' && response.req.httpVersionMajor === 1) response.statusMessage = reason;
}

/** Passes on 103 (RFC 8297), the one interim answer that Node can write and that is not between two neighbours alone. */
function inform(request: NodeRequest, response: ServerResponse, status: number, fields: RawFields): void {
  if (status !== 103 || request.httpVersion === '1.0' || response.headersSent) return;
  const hints: Record<string, string | string[]> = {};
  const kept = responseFields(fields);
  for (let at = 0; at < kept.length; at += 2) {
    const name = (kept[at] as string).toLowerCase();
    // Node wants each link by itself.
    const values = name === 'link' ? (kept[at + 1] as string).split(/,\s*(?=<)/) : [kept[at + 1] as string];
    hints[name] = [hints[name] ?? [], values].flat();
  }
  try {
    response.writeEarlyHints(hints as Record<string, string | string[]>);
  } catch {
    // A link that Node takes for malformed: a hint is only a hint.
  }
}
