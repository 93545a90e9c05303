import { createAudience } from './kit/audience.ts';

/**
 * A value that can change while the process runs: keys, passwords, secrets. Config makes them; whoever needs the value
 * reads `current` each time and never keeps it.
 */
export interface Live<T> {
  readonly current: T;
  /** Calls `listener` with the new value after a change, until the returned function is called. */
  subscribe(listener: (value: T) => void): () => void;
  /** Whether the last look at the source failed: it may have a newer value. Left out where nobody can tell. */
  readonly stale?: boolean;
  /** Asks the source for a newer value; resolves when it was asked, whether or not there was one. */
  refresh?(options?: { readonly reason?: string; readonly signal?: AbortSignal }): Promise<void>;
}

/** A {@link Live} value set by hand. */
export interface SettableLive<T> extends Live<T> {
  set(value: T): void;
}

/**
 * A live value that changes when `set` is called.
 *
 * ```ts
 * const secret = live('first');
 * secret.set('second');
 * ```
 */
export function live<T>(initial: T): SettableLive<T> {
  let current = initial;
  const { join, tell } = createAudience<T>();
  return {
    get current() {
      return current;
    },
    subscribe: join,
    set: (value) => {
      current = value;
      tell(value);
    },
  };
}

/** Whether `value` has the shape of a {@link Live}. */
export function isLive<T>(value: T | Live<T>): value is Live<T> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'current' in value &&
    typeof (value as Live<T>).subscribe === 'function'
  );
}

/** `value` itself if it is live, else a live value that never changes. */
export function toLive<T>(value: T | Live<T>): Live<T> {
  return isLive(value) ? value : live(value);
}
