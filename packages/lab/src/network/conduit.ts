import type { Socket } from 'node:net';
import { resetSocket, systemClock } from '@regionkit/core/kit';

/** Taken when the module loads, as the clock: a test that fakes its timers does not stop the network. */
const { clearTimeout, setTimeout } = globalThis;

/** One item of a direction: bytes, an orderly end, or an abort. */
type Parcel = { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'end' | 'abort' };

/**
 * One direction of a connection. Everything arrives in order, after the delay of the link. While it is held, nothing
 * arrives.
 */
export interface Conduit {
  /**
   * While this is true, nothing arrives and nothing is read: the sender sees a silent peer. Data under way arrives
   * later.
   */
  hold(held: boolean): void;
  close(): void;
}

const MAX_QUEUED_BYTES = 4 * 1_024 * 1_024;

export interface ConduitOptions {
  readonly delayMs: () => number;
  /** The time on `performance.now()` before which nothing is sent, because opening a connection takes a round trip. */
  readonly opensAtMs: number;
}

export function createConduit(from: Socket, to: Socket, { delayMs, opensAtMs }: ConduitOptions): Conduit {
  const queue: { readonly dueMs: number; readonly parcel: Parcel }[] = [];
  let queuedBytes = 0;
  let lastDueMs = 0;
  let held = false;
  let full = false; // `to` reported backpressure
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const flow = (): void => {
    if (held || queuedBytes > MAX_QUEUED_BYTES) from.pause();
    else from.resume();
  };

  const deliver = (parcel: Parcel): void => {
    switch (parcel.kind) {
      case 'abort':
        resetSocket(to);
        break;
      case 'end':
        to.end();
        break;
      case 'bytes':
        queuedBytes -= parcel.bytes.length;
        if (to.writable && !to.write(parcel.bytes)) full = true;
    }
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const wasOver = queuedBytes > MAX_QUEUED_BYTES;
    while (!held && !full && !closed) {
      const next = queue[0];
      if (next === undefined) break;
      const waitMs = next.dueMs - systemClock.now();
      if (waitMs > 0) {
        timer = setTimeout(pump, waitMs);
        timer.unref();
        break;
      }
      queue.shift();
      deliver(next.parcel);
    }
    if (wasOver && queuedBytes <= MAX_QUEUED_BYTES && !held && !closed) flow();
  };

  const accept = (parcel: Parcel): void => {
    if (closed) return;
    lastDueMs = Math.max(lastDueMs, Math.max(opensAtMs, systemClock.now()) + delayMs());
    queue.push({ dueMs: lastDueMs, parcel });
    if (parcel.kind === 'bytes') {
      queuedBytes += parcel.bytes.length;
      if (queuedBytes > MAX_QUEUED_BYTES) flow();
    }
    pump();
  };

  let ended = false;
  from.on('data', (bytes: Buffer) => accept({ kind: 'bytes', bytes }));
  from.on('end', () => {
    ended = true;
    accept({ kind: 'end' });
  });
  from.on('close', (hadError: boolean) => {
    if (hadError || !ended) accept({ kind: 'abort' });
  });
  to.on('drain', () => {
    full = false;
    pump();
  });

  return {
    hold: (next) => {
      if (closed) return;
      held = next;
      flow();
      pump();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      queue.length = 0;
    },
  };
}
