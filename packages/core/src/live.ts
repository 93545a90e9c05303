import { createListeners } from './kit/listeners.ts';

/**
 * A value that can change while the process runs: keys, passwords, secrets. Config makes such values. Read `current`
 * each time you need the value, and never keep a copy.
 */
export interface Live<T> {
  readonly current: T;
  /**
   * Calls `listener` with the new value after a change, until the returned function is called.
   *
   * @example
   * ```ts
   * const secret = live('first');
   * const stop = secret.subscribe((value) => console.log(value.length));
   * ```
   */
  subscribe(listener: (value: T) => void): () => void;
  /** Whether the last read of the source failed, so that it may have a newer value. Left out if this is not known. */
  readonly stale?: boolean;
  /**
   * Asks the source for a newer value. Resolves when the source has answered, whether or not the value changed.
   *
   * @example
   * ```ts
   * await keys.refresh?.({ reason: 'unknown key' });
   * ```
   */
  refresh?(options?: { readonly reason?: string; readonly signal?: AbortSignal }): Promise<void>;
}

/** A {@link Live} value that the app sets. */
export interface SettableLive<T> extends Live<T> {
  /**
   * Replaces the value and calls the listeners.
   *
   * @example
   * ```ts
   * const secret = live('first');
   * secret.set('second');
   * ```
   */
  set(value: T): void;
}

/**
 * Makes a live value that changes when `set` is called.
 *
 * @example
 * ```ts
 * const secret = live('first');
 * secret.set('second');
 * ```
 */
export function live<T>(initial: T): SettableLive<T> {
  let current = initial;
  const { add, notify } = createListeners<T>();
  return {
    get current() {
      return current;
    },
    subscribe: add,
    set: (value) => {
      current = value;
      notify(value);
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

/** Returns `value` itself if it is live, or else a live value that never changes. */
export function toLive<T>(value: T | Live<T>): Live<T> {
  return isLive(value) ? value : live(value);
}
