import type { ServerResponse } from 'node:http';
import type { NodeResponse, RespondDecision } from '../http/decision.ts';
import type { Sink, Streams } from './streams.ts';

/** For the operator alone: no cache keeps it, no page embeds it, and no other origin reads it. */
export const PRIVATE_FIELDS: RespondDecision['headers'] = [
  ['cache-control', 'no-store, private'],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
];

const FIELDS = [
  ['content-type', 'text/event-stream'],
  ...PRIVATE_FIELDS,
  // A proxy that collects an answer before it sends it would show an operator the past.
  ['x-accel-buffering', 'no'],
] as const;

/** Streams on Node's response, until the client or the door ends it. */
export function streamOnNode(
  streams: Streams,
  response: NodeResponse,
  lastEventId: string | undefined,
  mayStay?: () => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    let isReady = true;
    const raw = response as ServerResponse;
    if (raw.closed || raw.destroyed) return resolve();
    raw.writeHead(200, Object.fromEntries(FIELDS));
    raw.on('drain', () => {
      isReady = true;
    });
    const sink: Sink = {
      get isReady() {
        return isReady;
      },
      get isLeaving() {
        return (
          (raw.socket as { readonly server?: { readonly listening?: boolean } } | null)?.server?.listening === false
        );
      },
      write: (text) => {
        isReady = raw.write(text);
      },
      end: () => {
        raw.end();
        resolve();
      },
      destroy: () => {
        raw.destroy();
        resolve();
      },
    };
    const end = streams.open(sink, lastEventId, mayStay);
    raw.on('error', end);
    raw.once('close', end);
  });
}

/** Streams as the body of a fetch response. */
export function streamOnFetch(
  streams: Streams,
  signal: AbortSignal,
  lastEventId: string | undefined,
  mayStay?: () => boolean,
): Response {
  let end = (): void => {};
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const sink: Sink = {
        get isReady() {
          return (controller.desiredSize ?? 0) > 0;
        },
        write: (text) => controller.enqueue(encoder.encode(text)),
        end: () => {
          try {
            controller.close();
          } catch {
            // The client has cancelled it.
          }
        },
        // What waits to be read is thrown away with it.
        destroy: () => controller.error(new Error('the listener did not read')),
      };
      end = streams.open(sink, lastEventId, mayStay);
      if (signal.aborted) end();
      else signal.addEventListener('abort', () => end(), { once: true });
    },
    cancel: () => end(),
  });
  return new Response(body, { status: 200, headers: FIELDS.map(([name, value]) => [name, value] as [string, string]) });
}
