/** Listeners that get one value at a time. */
export interface Subscribers<T> {
  /** Adds a listener, until the returned function is called. */
  add(listener: (value: T) => void | Promise<void>): () => void;
  /**
   * Calls all listeners, in the order in which they were added. A busy listener gets the value when it has finished.
   */
  notify(value: T): void;
  /** How many listeners are still busy. */
  readonly busy: number;
  clear(): void;
}

interface Subscriber<T> {
  readonly listener: (value: T) => void | Promise<void>;
  readonly waiting: Map<unknown, T>;
  busy: boolean;
  removed: boolean;
}

/**
 * A listener gets the next value when it has finished with the last, so an asynchronous one never runs twice at once.
 * Values wait meanwhile, only the latest of each `topic`. A listener that hangs therefore blocks no other one and uses
 * bounded memory. If a listener throws or rejects, this is reported and it still gets the next value.
 */
export function createSubscribers<T>(topic: (value: T) => unknown, onError: (value: T) => void): Subscribers<T> {
  const all = new Set<Subscriber<T>>();

  const settle = (one: Subscriber<T>): void => {
    one.busy = false;
    for (const [key, value] of one.waiting) {
      one.waiting.delete(key);
      run(one, value);
      return;
    }
  };
  const run = (one: Subscriber<T>, value: T): void => {
    if (one.removed) return;
    one.busy = true;
    let done: Promise<void> | undefined;
    try {
      done = one.listener(value) as Promise<void> | undefined;
    } catch {
      onError(value);
    }
    if (typeof done?.then !== 'function') settle(one);
    else
      void Promise.resolve(done)
        .catch(() => onError(value))
        .then(() => settle(one));
  };

  return {
    add: (listener) => {
      const one: Subscriber<T> = { listener, waiting: new Map(), busy: false, removed: false };
      all.add(one);
      return () => {
        one.removed = true;
        one.waiting.clear();
        all.delete(one);
      };
    },
    notify: (value) => {
      for (const one of [...all]) {
        if (one.busy) one.waiting.set(topic(value), value);
        else run(one, value);
      }
    },
    get busy() {
      let busy = 0;
      for (const one of all) if (one.busy) busy += 1;
      return busy;
    },
    clear: () => {
      for (const one of all) one.removed = true;
      all.clear();
    },
  };
}
