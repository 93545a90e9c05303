import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Clock } from '@regionkit/core/kit';

/**
 * The HTTP/2 sessions of one server. Closing one sends a GOAWAY to its client; requests that have begun are finished.
 */
export interface Sessions {
  add(session: ServerHttp2Session): void;
  /**
   * From now on each session is closed when it was used and is idle. A request that crosses the GOAWAY is refused,
   * which Node cannot prevent. Clients may send it again, because it was not processed
   * ([RFC 9113 section 8.7](https://www.rfc-editor.org/rfc/rfc9113#section-8.7)).
   */
  closeQuiet(): void;
  /** Closes every session, and each one that is opened later. */
  closeAll(): void;
  release(): void;
}

const TICK_MS = 50;
/** Longer than the pause between two requests of a busy client. */
const QUIET_MS = 100;

interface Use {
  streams: number;
  /** When its last stream ended; undefined before its first. */
  quietSinceMs: number | undefined;
}

export function watchSessions(clock: Clock): Sessions {
  const sessions = new Map<ServerHttp2Session, Use>();
  let closing: 'none' | 'quiet' | 'all' = 'none';
  let cancel: (() => void) | undefined;

  const tick = (): void => {
    cancel = undefined;
    for (const [session, { streams, quietSinceMs }] of sessions) {
      const quiet = streams === 0 && quietSinceMs !== undefined && clock.now() - quietSinceMs >= QUIET_MS;
      if (quiet && !session.closed) session.close();
    }
    if (closing === 'quiet' && sessions.size > 0) cancel = clock.schedule(tick, TICK_MS);
  };

  return {
    add: (session) => {
      const use: Use = { streams: 0, quietSinceMs: undefined };
      sessions.set(session, use);
      session.on('stream', (stream: ServerHttp2Stream) => {
        use.streams += 1;
        stream.once('close', () => {
          use.streams -= 1;
          use.quietSinceMs = clock.now();
        });
      });
      session.once('close', () => sessions.delete(session));
      if (closing === 'all') session.close();
      else if (closing === 'quiet') cancel ??= clock.schedule(tick, TICK_MS);
    },
    closeQuiet: () => {
      closing = 'quiet';
      tick();
    },
    closeAll: () => {
      closing = 'all';
      cancel?.();
      for (const session of sessions.keys()) if (!session.closed) session.close();
    },
    release: () => cancel?.(),
  };
}
