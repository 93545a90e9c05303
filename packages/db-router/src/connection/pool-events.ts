import type { Pool, PoolClient } from 'pg';

/** The events of a pool: connection opened, closed, lost while idle, handed out, given back. */
const POOL_EVENTS = ['connect', 'remove', 'error', 'acquire', 'release'] as const;
export type PoolEvent = (typeof POOL_EVENTS)[number];

export function isPoolEvent(event: unknown): event is PoolEvent {
  return POOL_EVENTS.some((name) => name === event);
}

export type PoolListener = (...details: unknown[]) => void;

/** The events of a pool, told to any number of listeners. */
export interface PoolEvents {
  /** Each statement takes a client out and gives it back. The pool is listened to for that from the first listener on. */
  on(event: PoolEvent, listener: PoolListener): void;
  /** Takes every listener off the pool, except the last one for errors. */
  detach(): void;
}

export function listenToPool(
  pool: Pool,
  { onConnect, onRemove }: { onConnect(client: PoolClient): void; onRemove(client: PoolClient): void },
): PoolEvents {
  const listeners: Partial<Record<PoolEvent, PoolListener[]>> = {};
  let isDetached = false;
  const tell = (event: PoolEvent, ...details: unknown[]): void => {
    for (const listener of listeners[event] ?? []) listener(...details);
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

  return {
    on: (event, listener) => {
      const known = listeners[event];
      listeners[event] = known === undefined ? [listener] : [...known, listener];
      if (known !== undefined || isDetached) return;
      if (event === 'acquire') pool.on('acquire', acquired);
      if (event === 'release') pool.on('release', released);
    },
    detach: () => {
      isDetached = true;
      pool.off('connect', connected);
      pool.off('remove', removed);
      pool.off('acquire', acquired);
      pool.off('release', released);
      // Keep the last listener: the app may still use its pool, and an idle connection may be lost.
      if (pool.listenerCount('error') > 1) pool.off('error', failed);
    },
  };
}
