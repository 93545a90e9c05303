import { type Clock, createPoller } from '@regionkit/core/kit';
import { fetchJwks } from './fetch-jwks.ts';
import { KeySetError } from './key-set-error.ts';

export interface RemoteJwksOptions {
  readonly url: URL;
  readonly everyMs: number;
  readonly retryMs: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Called after every fetch, with what went wrong if something did. Says whether the keys are any good. */
  onFetched(error: KeySetError | undefined): boolean;
}

/** The text of a JWKS that lives behind a URL. */
export interface RemoteJwks {
  /** The last text that was fetched; undefined before the first. An outage leaves it as it is. */
  readonly current: string | undefined;
  /** When the server last gave keys that are good, by the monotonic clock. */
  readonly fetchedAt: number | undefined;
  /** Fetches now, or joins the fetch that is under way. */
  refresh(): Promise<void>;
  /** The fetch that is under way, if there is one, has ended. */
  settled(): Promise<void>;
  /** Fetches no more, and ends the fetch that is under way. */
  close(): void;
}

/** Fetches at once, and from then on in the background. */
export function createRemoteJwks(options: RemoteJwksOptions): RemoteJwks {
  const { clock } = options;
  const closing = new AbortController();
  let current: string | undefined;
  let fetchedAt: number | undefined;
  let failed = false;
  let busy = false;

  const poller = createPoller({
    clock,
    everyMs: () => (failed ? options.retryMs : options.everyMs),
    run: async () => {
      busy = true;
      let error: KeySetError | undefined;
      try {
        current = await fetchJwks({ ...options, signal: closing.signal });
      } catch (cause) {
        error = cause instanceof KeySetError ? cause : new KeySetError('unreachable');
      }
      busy = false;
      if (closing.signal.aborted) return;
      failed = !options.onFetched(error);
      if (!failed) fetchedAt = clock.now();
    },
  });

  return {
    get current() {
      return current;
    },
    get fetchedAt() {
      return fetchedAt;
    },
    refresh: async () => {
      if (!busy) poller.wake();
      await poller.settled();
    },
    settled: () => poller.settled(),
    close: () => {
      closing.abort();
      poller.close();
    },
  };
}
