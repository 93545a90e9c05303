import { Readable } from 'node:stream';
import type { NodeRequest } from '@regionkit/core';
import type { Patience } from './patience.ts';

/**
 * A request's body on its way to another region. The sender destroys what it reads from when something goes wrong, and
 * destroying Node's own request would cut the client off before it is answered: so it is given a stream of its own.
 */
export interface BodyFeed {
  readonly stream: Readable;
  /** Whether any of it was handed to the sender, which writes the head of the request with the first piece. */
  begun(): boolean;
  /** From now on the client is waited for with this patience, whenever more is wanted of it. */
  pace(patience: Patience): void;
  /** Nothing more is wanted of it: what is left is drained, so that the client gets to reading its answer. */
  release(): void;
}

/** Bodies of a known length up to this are collected before they are sent: cheaper, and a client that is slow, or goes away, costs the primary nothing. */
export const SMALL_BYTES: number = 16 * 1024;

/** How many bytes of body a message has (RFC 9112 section 6.3, RFC 9113 section 8.1): Infinity if it does not say. */
export function bodyBytes(request: NodeRequest): number {
  const { headers } = request;
  if (request.httpVersionMajor >= 2) {
    const { stream } = request as { readonly stream?: { readonly endAfterHeaders?: boolean } };
    if (stream?.endAfterHeaders === true) return 0;
  } else if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  else if (headers['content-length'] === undefined) return 0;
  return headers['content-length'] === undefined ? Number.POSITIVE_INFINITY : Number(headers['content-length']);
}

/** Whether somebody else has read the body, or has begun to. */
export function isConsumed(request: NodeRequest): boolean {
  return request.readableDidRead || request.readableFlowing === true || request.readableEnded || request.destroyed;
}

/** Why a small body never was whole. */
export type NotCollected = 'gone' | 'idle';

/** Calls `done` once, with the whole of a small body. `patience` is made here, as it ends the wait. */
export function collect(
  request: NodeRequest,
  patienceOf: (onOut: () => void) => Patience,
  done: (body: Buffer | NotCollected) => void,
): void {
  const chunks: Buffer[] = [];
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    patience.moved(chunk.length);
    patience.wait();
  };
  const end = (body: Buffer | NotCollected): void => {
    patience.end();
    request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
    done(body);
  };
  const onEnd = (): void => end(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  const onGone = (): void => end('gone');
  const patience = patienceOf(() => end('idle'));
  request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  patience.wait();
  // Somebody may have paused it, to lose none of it before it got here.
  request.resume();
}

/** The body of a request on Node, over HTTP/1 and HTTP/2, at constant memory. */
export function feedFromNode(request: NodeRequest): BodyFeed {
  const wait = createWait();
  const stream = new Readable({
    highWaterMark: HIGH_WATER_BYTES,
    read: () => {
      wait.begin();
      request.resume();
    },
    destroy: (error, done) => {
      detach();
      done(error);
    },
  });
  const onData = (chunk: Buffer): void => {
    wait.end(chunk.length);
    if (stream.push(chunk)) wait.begin();
    else request.pause();
  };
  const onEnd = (): void => {
    wait.end(0);
    stream.push(null);
  };
  const onGone = (): void => {
    if (!request.readableEnded) stream.destroy(new Error('the client went away'));
  };
  const detach = (): void => {
    request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
  };
  // Flowing only when the stream asks: a listener alone would set it going.
  request.pause();
  request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  return {
    stream,
    begun: watchBegin(stream),
    pace: wait.pace,
    release: () => {
      stream.destroy();
      if (request.readableEnded || request.destroyed) return;
      request.on('error', () => {});
      request.resume();
    },
  };
}

/** The body of a fetch `Request`. */
export function feedFromWeb(body: ReadableStream<Uint8Array>): BodyFeed {
  const wait = createWait();
  const reader = body.getReader();
  const stream = new Readable({
    highWaterMark: HIGH_WATER_BYTES,
    read: () => {
      wait.begin();
      reader
        .read()
        .then(({ done, value }) => {
          wait.end(value?.byteLength ?? 0);
          stream.push(done ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength));
        })
        .catch((error: Error) => stream.destroy(error));
    },
    destroy: (error, done) => {
      reader.cancel(error).catch(() => {});
      done(error);
    },
  });
  return { stream, begun: watchBegin(stream), pace: wait.pace, release: () => stream.destroy() };
}

/** Whether the client is being waited for: a feed may be read before anybody times that. */
function createWait(): { begin(): void; end(bytes: number): void; pace(patience: Patience): void } {
  let waiting = false;
  let patience: Patience | undefined;
  return {
    begin: () => {
      waiting = true;
      patience?.wait();
    },
    end: (bytes) => {
      waiting = false;
      patience?.moved(bytes);
    },
    pace: (given) => {
      patience = given;
      if (waiting) given.wait();
    },
  };
}

function watchBegin(stream: Readable): () => boolean {
  let begun = false;
  const begin = (): void => {
    begun = true;
  };
  stream.pause();
  stream.once('data', begin).once('end', begin);
  // Whoever destroys it says why elsewhere.
  stream.on('error', () => {});
  return () => begun;
}

const HIGH_WATER_BYTES = 64 * 1024;
