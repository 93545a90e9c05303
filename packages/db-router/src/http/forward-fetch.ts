import { feedFromWeb } from './body.ts';
import { BODY_CONSUMED, type ForwardFailure } from './errors.ts';
import type { Exchange, ForwardContext, ForwardRequest } from './forward-context.ts';
import { responseFields } from './headers.ts';
import { answerOf } from './problem.ts';

/** Forwards a request of a fetch handler. Resolves with the answer when its head has arrived. Never rejects. */
export function forwardFetch(context: ForwardContext, forward: ForwardRequest, request: Request): Promise<Response> {
  return new Promise((resolve) => {
    let output: ReadableStreamDefaultController<Uint8Array> | undefined;
    let shown = false;
    let started: Exchange | undefined;
    const onAbort = (): void => started?.abandon();
    const detach = (): void => request.signal.removeEventListener('abort', onAbort);
    const fail = (failure: ForwardFailure, cause?: unknown): void => {
      detach();
      const error = context.explain(forward, failure, cause);
      if (shown) {
        output?.error(error);
        return;
      }
      const { status, headers, body } = answerOf(error);
      resolve(new Response(request.method === 'HEAD' ? null : body, { status, headers: Object.fromEntries(headers) }));
    };

    const consumed = request.bodyUsed || request.body?.locked === true;
    if (consumed) {
      fail(BODY_CONSUMED);
      return;
    }
    const body = request.body === null ? undefined : feedFromWeb(request.body);
    const sent = {
      fields: plainly(request.headers),
      body,
      contentLength: body === undefined ? undefined : (request.headers.get('content-length') ?? undefined),
    };
    const sending = context.send(forward, sent, {
      inform: () => {},
      head: (status, statusText, fields) => {
        context.answered(forward, status);
        const headers = new Headers();
        const kept = responseFields(fields);
        for (let at = 0; at < kept.length; at += 2) headers.append(kept[at] as string, kept[at + 1] as string);
        const stream = new ReadableStream<Uint8Array>(
          {
            start: (controller) => {
              output = controller;
            },
            pull: () => started?.resume(),
            cancel: () => started?.abandon(),
          },
          new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
        );
        const empty = request.method === 'HEAD' || NO_BODY.has(status);
        // Throws for a status that a `Response` cannot have.
        const response = new Response(empty ? null : stream, { status, statusText, headers });
        shown = true;
        resolve(response);
      },
      data: (chunk) => {
        output?.enqueue(chunk);
        return (output?.desiredSize ?? 1) > 0;
      },
      end: () => {
        detach();
        output?.close();
      },
      fail,
    });
    if ('code' in sending) {
      body?.release();
      fail(sending);
      return;
    }
    started = sending;
    if (request.signal.aborted) onAbort();
    else request.signal.addEventListener('abort', onAbort);
  });
}

/**
 * The fields of the request, which ask for an answer that is not compressed. The host of a fetch handler may compress the
 * answer itself. Next does, after it has removed the `Content-Encoding` that the other region has set.
 */
function plainly(headers: Headers): string[] {
  const fields = [...headers].filter(([name]) => name !== 'accept-encoding');
  return [...fields.flat(), 'accept-encoding', 'identity'];
}

/** The statuses for which a fetch `Response` must have no body. */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
const HIGH_WATER_BYTES = 64 * 1024;
