import { AbortedError, NoReadableNodeError, RouterClosedError } from '../errors.ts';
import type { Unreachable } from '../monitor/unreachable.ts';
import type { LiveTable } from '../routing/live-table.ts';

/** Those who wait until reads can be served. */
export interface Readiness {
  /**
   * Resolves when a read can be served. @throws if it was aborted, the router was closed, or no database accepts the
   * login
   */
  wait(signal: AbortSignal | undefined): Promise<void>;
  /** To be called when something new is known of the nodes. */
  update(): void;
  close(): void;
}

export function createReadiness(
  routes: Pick<LiveTable, 'current'>,
  unreachable: Pick<Unreachable, 'cause' | 'isShutOut'>,
): Readiness {
  const waiting = new Set<() => void>();
  let closed = false;
  const isReady = (): boolean => routes.current.locals.length > 0 || routes.current.others.length > 0;
  const endAll = (): void => {
    for (const end of [...waiting]) end();
  };

  return {
    wait: (signal) =>
      new Promise<void>((resolve, reject) => {
        const end = (): void => {
          waiting.delete(end);
          signal?.removeEventListener('abort', end);
          if (isReady()) resolve();
          else if (closed) reject(new RouterClosedError());
          else reject(signal?.aborted === true ? new AbortedError() : new NoReadableNodeError(unreachable.cause));
        };
        if (closed) return reject(new RouterClosedError());
        if (isReady()) return resolve();
        if (unreachable.isShutOut) return reject(new NoReadableNodeError(unreachable.cause));
        if (signal?.aborted === true) return reject(new AbortedError());
        signal?.addEventListener('abort', end, { once: true });
        waiting.add(end);
      }),
    update: () => {
      if (isReady() || unreachable.isShutOut) endAll();
    },
    close: () => {
      closed = true;
      endAll();
    },
  };
}
