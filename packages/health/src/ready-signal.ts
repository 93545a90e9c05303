/** Lets callers wait for an event that happens once. */
export interface ReadySignal {
  /** Resolves when it has happened. Rejects with the reason of `signal` if that is aborted first. */
  wait(signal: AbortSignal | undefined): Promise<void>;
  set(): void;
}

export function createReadySignal(): ReadySignal {
  const waiting = new Set<() => void>();
  let isSet = false;
  return {
    wait: (signal) =>
      new Promise<void>((resolve, reject) => {
        if (isSet) return resolve();
        if (signal?.aborted) return reject(signal.reason);
        const done = (): void => {
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        const abort = (): void => {
          waiting.delete(done);
          reject(signal?.reason);
        };
        waiting.add(done);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    set: () => {
      isSet = true;
      for (const done of waiting) done();
      waiting.clear();
    },
  };
}
