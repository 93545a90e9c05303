import type { Pool, PoolClient } from 'pg';

/** The events of a pool: connection opened, closed, lost while idle, handed out, given back. */
type PoolEvent = 'connect' | 'remove' | 'error' | 'acquire' | 'release';

export type PoolListener = (event: PoolEvent, ...details: unknown[]) => void;

/** The events of a pool, told to any number of listeners. */
export interface PoolEvents {
  on(listener: PoolListener): void;
  /** Takes every listener off the pool, but the last that hears of errors. */
  detach(): void;
}

export function listenToPool(
  pool: Pool,
  { onConnect, onRemove }: { onConnect(client: PoolClient): void; onRemove(client: PoolClient): void },
): PoolEvents {
  const listeners: PoolListener[] = [];
  const tell: PoolListener = (event, ...details) => {
    for (const listener of listeners) listener(event, ...details);
  };
  const connected = (client: PoolClient): void => {
    onConnect(client);
    tell('connect', client);
  };
  const removed = (client: PoolClient): void => {
    onRemove(client);
    tell('remove', client);
  };
  // Without a listener, the loss of an idle connection would end the process.
  const failed = (error: Error, client: PoolClient): void => tell('error', error, client);
  const acquired = (client: PoolClient): void => tell('acquire', client);
  const released = (error: Error | undefined, client: PoolClient): void => tell('release', error, client);
  pool.on('connect', connected);
  pool.on('remove', removed);
  pool.on('error', failed);
  pool.on('acquire', acquired);
  pool.on('release', released);

  return {
    on: (listener) => void listeners.push(listener),
    detach: () => {
      pool.off('connect', connected);
      pool.off('remove', removed);
      pool.off('acquire', acquired);
      pool.off('release', released);
      // Keep the last listener: the app may still use its pool, and an idle connection may be lost.
      if (pool.listenerCount('error') > 1) pool.off('error', failed);
    },
  };
}
