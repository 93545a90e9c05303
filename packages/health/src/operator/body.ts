import type { IncomingMessage } from 'node:http';
import type { NodeRequest } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';

/** More than the longest reason, in the longest spelling of JSON. */
const MAX_BYTES = 8_192;
const TIMEOUT_MS = 10_000;

export type BodyFailure = 'too-large' | 'timed-out' | 'aborted' | 'already-read';

/** Where a body is read from. */
export interface BodySource {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Nothing more is read. */
  abandon(): void;
}

/** The body of a request on Node. Undefined: a body parser before the door has read it, and nothing would come. */
export function bodyOnNode(request: NodeRequest): BodySource | undefined {
  const { readableEnded } = request as IncomingMessage;
  // The answer decides about the connection.
  return readableEnded ? undefined : { chunks: request.iterator({ destroyOnReturn: false }), abandon: () => {} };
}

/** The same in a fetch handler. */
export function bodyOnFetch({ body, bodyUsed }: Request): BodySource | undefined {
  if (bodyUsed || body?.locked === true) return undefined;
  const reader = body?.getReader();
  return {
    chunks: (async function* () {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done || value === undefined) return;
        yield value;
      }
    })(),
    // An iterator of the stream itself could not be stopped while it waits.
    abandon: () => void reader?.cancel().catch(() => {}),
  };
}

/** Reads a body of at most 8 KiB within 10 s. */
export async function readBody(
  { chunks, abandon }: BodySource,
  clock: Clock,
): Promise<{ readonly text: string } | BodyFailure> {
  let cancel = (): void => {};
  const late = new Promise<BodyFailure>((resolve) => {
    cancel = clock.schedule(() => resolve('timed-out'), TIMEOUT_MS);
  });
  const whole = collect(chunks).catch((): BodyFailure => 'aborted');
  try {
    const body = await Promise.race([whole, late]);
    if (typeof body === 'string') abandon();
    return body;
  } finally {
    cancel();
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<{ readonly text: string } | BodyFailure> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) return 'too-large';
    parts.push(chunk);
  }
  return { text: Buffer.concat(parts).toString('utf8') };
}
