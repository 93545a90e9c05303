import { Readable } from 'node:stream';
import type { NodeRequest } from '@regionkit/core';

/**
 * A request's body on its way to another region. The sender destroys what it reads from when something goes wrong, and
 * destroying Node's own request would cut the client off before it is answered: so it is given a stream of its own.
 */
export interface BodyFeed {
  readonly stream: Readable;
  /** Whether any of it was handed to the sender, which writes the head of the request with the first piece. */
  begun(): boolean;
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

/** Calls `done` with the whole of a small body, or with nothing when the client is gone before it is there. */
export function collect(request: NodeRequest, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
  };
  const end = (body: Buffer | undefined): void => {
    request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
    done(body);
  };
  const onEnd = (): void => end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  const onGone = (): void => end(undefined);
  request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  // Somebody may have paused it, to lose none of it before it got here.
  request.resume();
}

/** The body of a request on Node, over HTTP/1 and HTTP/2, at constant memory. */
export function feedFromNode(request: NodeRequest): BodyFeed {
  const stream = new Readable({
    highWaterMark: HIGH_WATER_BYTES,
    read: () => {
      request.resume();
    },
    destroy: (error, done) => {
      detach();
      done(error);
    },
  });
  const onData = (chunk: Buffer): void => {
    if (!stream.push(chunk)) request.pause();
  };
  const onEnd = (): void => {
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
  const stream = Readable.fromWeb(body as never, { highWaterMark: HIGH_WATER_BYTES });
  return { stream, begun: watchBegin(stream), release: () => stream.destroy() };
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
