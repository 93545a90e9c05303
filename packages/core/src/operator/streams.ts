import type { Clock } from '../kit/clock.ts';

/** Where a stream is written. */
export interface Sink {
  /** Whether what was written before has left. */
  readonly isReady: boolean;
  /** Its server accepts no connections any more, and waits for the open ones to end. */
  readonly isLeaving?: boolean;
  write(text: string): void;
  /** Ends the stream after what was written. */
  end(): void;
  /** Closes the connection at once, for a reader that reads nothing: `end()` would wait until it has read all that was written. */
  destroy(): void;
}

/** The events that a stream sends. */
export interface StreamLog {
  /** The events with a higher id, oldest first. */
  after(id: number): readonly { readonly id: number }[];
  readonly lastId: number;
}

export interface StreamsOptions {
  readonly log: StreamLog;
  /** Of the process: the ids of another one mean other events. */
  readonly process: string;
  /** Undefined: it cannot be read now. The stream goes on without it. */
  readonly status: () => object | undefined;
  readonly max: number;
  readonly heartbeatMs: number;
  readonly clock: Clock;
  /** Writes what is sent. @default JSON.stringify */
  readonly write?: (value: object) => string;
}

export interface Streams {
  /** Ask for both in the same turn of the event loop in which a stream is opened. */
  readonly isFull: boolean;
  readonly isClosed: boolean;
  /**
   * Begins a stream after the event `lastEventId`, if it is one of this process. Returns what ends it.
   *
   * @param mayStay is asked at each heartbeat: a token may be revoked while its stream is open
   */
  open(sink: Sink, lastEventId: string | undefined, mayStay?: () => boolean): () => void;
  /** An event was added: every listener gets it, and the status with it. */
  news(): void;
  close(): void;
}

interface Listener {
  readonly sink: Sink;
  readonly mayStay: () => boolean;
  sentId: number;
  /** So many heartbeats in a row it was not ready. */
  missed: number;
}

/** A listener that took nothing for so many heartbeats is closed: its connection may have ended without a word. */
const MAX_MISSED = 10;

/** Sends the status and the events to each listener, as server-sent events, each at its own speed. */
export function createStreams({
  log,
  process,
  status,
  max,
  heartbeatMs,
  clock,
  write = JSON.stringify,
}: StreamsOptions): Streams {
  const listeners = new Set<Listener>();
  let cancel: (() => void) | undefined;
  let isNews = false;
  let isClosed = false;

  const drop = (listener: Listener): void => {
    if (!listeners.delete(listener)) return;
    if (listener.sink.isReady) listener.sink.end();
    else listener.sink.destroy();
    if (listeners.size === 0) {
      cancel?.();
      cancel = undefined;
    }
  };
  const describe = (): string => {
    const snapshot = status();
    // A comment is a sign of life.
    return snapshot === undefined ? ':\n\n' : `event: status\ndata: ${write(snapshot)}\n\n`;
  };
  const send = (listener: Listener, snapshot: string): void => {
    const events = log
      .after(listener.sentId)
      .map((event) => `id: ${process}.${event.id}\nevent: event\ndata: ${write(event)}\n\n`);
    listener.sink.write(events.join('') + snapshot);
    listener.sentId = log.lastId;
    listener.missed = 0;
  };
  const sendAll = (): void => {
    if (listeners.size === 0) return;
    const snapshot = describe();
    // One that is slow gets nothing more: its buffer holds one message. It gets the events later, all at once.
    for (const listener of listeners) if (listener.sink.isReady) send(listener, snapshot);
  };
  const beat = (): void => {
    for (const listener of [...listeners]) {
      if (!listener.sink.isReady) listener.missed += 1;
      if (listener.missed >= MAX_MISSED || listener.sink.isLeaving || !listener.mayStay()) drop(listener);
    }
    sendAll();
    cancel = listeners.size === 0 ? undefined : clock.schedule(beat, heartbeatMs);
  };
  return {
    get isFull() {
      return listeners.size >= max;
    },
    get isClosed() {
      return isClosed;
    },
    open: (sink, lastEventId = '', mayStay = () => true) => {
      const [of, id = ''] = lastEventId.split('.');
      const after = of === process && /^\d{1,15}$/.test(id) ? Math.min(Number(id), log.lastId) : 0;
      const listener: Listener = { sink, mayStay, sentId: after, missed: 0 };
      listeners.add(listener);
      send(listener, describe());
      cancel ??= clock.schedule(beat, heartbeatMs);
      return () => drop(listener);
    },
    news: () => {
      // A failover has hundreds of events in a tick. The state is described once, when all of them are known.
      if (isNews || listeners.size === 0) return;
      isNews = true;
      queueMicrotask(() => {
        isNews = false;
        sendAll();
      });
    },
    close: () => {
      isClosed = true;
      for (const listener of [...listeners]) drop(listener);
    },
  };
}
