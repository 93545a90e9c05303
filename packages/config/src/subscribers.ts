/** Listeners that are told one thing at a time each. */
export interface Subscribers<T> {
  /** Until the returned function is called. */
  add(listener: (news: T) => void | Promise<void>): () => void;
  /** Tells everybody, in the order they came; those who are still busy hear it afterwards. */
  tell(news: T): void;
  /** How many have not finished with what they were told. */
  readonly busy: number;
  clear(): void;
}

interface Subscriber<T> {
  readonly listener: (news: T) => void | Promise<void>;
  readonly waiting: Map<unknown, T>;
  busy: boolean;
  gone: boolean;
}

/**
 * Each listener gets the next news when it has finished with the last, so an asynchronous one never runs twice at once.
 * News that came meanwhile wait, only the latest of each `topic`: a listener that hangs holds up nobody else and no
 * memory. One that throws or rejects is reported and told the next news all the same.
 */
export function createSubscribers<T>(topic: (news: T) => unknown, onError: (news: T) => void): Subscribers<T> {
  const all = new Set<Subscriber<T>>();

  const settle = (one: Subscriber<T>): void => {
    one.busy = false;
    for (const [key, news] of one.waiting) {
      one.waiting.delete(key);
      run(one, news);
      return;
    }
  };
  const run = (one: Subscriber<T>, news: T): void => {
    if (one.gone) return;
    one.busy = true;
    let done: Promise<void> | undefined;
    try {
      done = one.listener(news) as Promise<void> | undefined;
    } catch {
      onError(news);
    }
    if (typeof done?.then !== 'function') settle(one);
    else
      void Promise.resolve(done)
        .catch(() => onError(news))
        .then(() => settle(one));
  };

  return {
    add: (listener) => {
      const one: Subscriber<T> = { listener, waiting: new Map(), busy: false, gone: false };
      all.add(one);
      return () => {
        one.gone = true;
        one.waiting.clear();
        all.delete(one);
      };
    },
    tell: (news) => {
      for (const one of [...all]) {
        if (one.busy) one.waiting.set(topic(news), news);
        else run(one, news);
      }
    },
    get busy() {
      let busy = 0;
      for (const one of all) if (one.busy) busy += 1;
      return busy;
    },
    clear: () => {
      for (const one of all) one.gone = true;
      all.clear();
    },
  };
}
