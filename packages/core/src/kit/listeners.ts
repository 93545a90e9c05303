import { dropRejection } from './harmless.ts';

/**
 * A list of listeners. `notify` allocates nothing and calls exactly the listeners that were present when it began. A
 * listener may be added or removed meanwhile. Errors and rejections of a listener are ignored.
 */
export interface Listeners<T> {
  readonly size: number;
  /** Adds a listener, once for each call, until the returned function is called. */
  add(listener: (value: T) => void): () => void;
  notify(value: T): void;
}

export function createListeners<T>(): Listeners<T> {
  let entries: readonly { readonly listener: (value: T) => unknown }[] = [];
  return {
    get size() {
      return entries.length;
    },
    add: (listener) => {
      const entry = { listener };
      entries = [...entries, entry];
      return () => {
        entries = entries.filter((other) => other !== entry);
      };
    },
    notify: (value) => {
      for (const { listener } of entries) {
        try {
          dropRejection(listener(value));
        } catch {
          // A listener must report its own errors. The other listeners must still be called.
        }
      }
    },
  };
}
