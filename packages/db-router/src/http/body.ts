import { Readable } from 'node:stream';
import type { NodeRequest } from '@regionkit/core';
import type { Patience } from './patience.ts';

/**
 * The body of a request that is forwarded. The sender destroys its stream on an error. If that were Node's own request,
 * the client would be disconnected before it gets an answer, so the sender gets a separate stream.
 */
export interface BodyFeed {
  readonly stream: Readable;
  /** Whether a part of it was passed to the sender. The sender writes the head of the request with the first part. */
  begun(): boolean;
  /** From now on this patience limits how long to wait for the client whenever more of the body is needed. */
  pace(patience: Patience): void;
  /** No more of the body is needed. The rest is drained, so that the client starts to read the answer. */
  release(): void;
}

/**
 * Bodies of a known length up to this are collected before they are sent. This is cheaper, and a client that is slow or
 * disconnects costs the primary nothing.
 */
export const SMALL_BYTES: number = 16 * 1024;

/**
 * Returns the length of a message's body in bytes
 * ([RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3),
 * [RFC 9113 section 8.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.1)). Infinity if it is not known.
 */
export function bodyBytes(request: NodeRequest): number {
  const { headers } = request;
  if (request.httpVersionMajor >= 2) {
    const { stream } = request as { readonly stream?: { readonly endAfterHeaders?: boolean } };
    if (stream?.endAfterHeaders === true) return 0;
  } else if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  else if (headers['content-length'] === undefined) return 0;
  return headers['content-length'] === undefined ? Number.POSITIVE_INFINITY : Number(headers['content-length']);
}

/** Whether other code has read the body or has started to. */
export function isConsumed(request: NodeRequest): boolean {
  return request.readableDidRead || request.readableFlowing === true || request.readableEnded || request.destroyed;
}

/** Why a small body was not collected. */
export type NotCollected = 'gone' | 'idle';

/** Calls `done` once with the whole small body. `patience` is created here, because it ends the wait. */
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
  // Other code may have paused it to lose nothing before the gate.
  request.resume();
}

/** The body of a request on Node, over HTTP/1 and HTTP/2. It uses constant memory. */
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
  // Resume only when the stream asks for data. A listener alone would start the flow.
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

/** Whether a reader waits for the client. A feed may be read before the patience exists. */
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
  // The code that destroys it reports the reason.
  stream.on('error', () => {});
  return () => begun;
}

const HIGH_WATER_BYTES = 64 * 1024;
