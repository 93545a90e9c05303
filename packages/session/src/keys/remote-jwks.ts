import { backoffLimitMs, type Clock, createPoller } from '@regionkit/core/kit';
import { fetchJwks } from './fetch-jwks.ts';
import { KeySetError } from './key-set-error.ts';
import type { RemoteRules } from './remote-options.ts';

export interface RemoteJwksOptions extends Omit<RemoteRules, 'maxStaleMs'> {
  readonly url: URL;
  readonly clock: Clock;
  /** What takes long to vet in a new text, off the event loop, before the text becomes current. */
  vet(text: string): Promise<void> | undefined;
  /** Called after every fetch, with the error if the fetch failed. Returns whether the keys are usable. */
  onFetched(error: KeySetError | undefined): boolean;
}

/** The text of a JWKS at a URL. */
export interface RemoteJwks {
  /** The last fetched text; undefined before the first. A failed fetch does not change it. */
  readonly current: string | undefined;
  /** Fetches now. If a fetch is under way, fetches once more after it, because that one may hold an older answer. */
  refresh(): Promise<void>;
  /** Resolves when no fetch is under way. */
  settled(): Promise<void>;
  /** Fetches if the last fetch is long overdue, because timers stand still while a process is suspended. */
  catchUp(): void;
  /** Starts no more fetches, and ends the fetch that is under way. */
  close(): void;
}

/** Fetches at once, and from then on in the background. */
export function createRemoteJwks(options: RemoteJwksOptions): RemoteJwks {
  const { clock } = options;
  const closing = new AbortController();
  let current: string | undefined;
  let failures = 0;
  let overdueAtMs = Number.POSITIVE_INFINITY;

  const poller = createPoller({
    clock,
    everyMs: () => {
      const everyMs = failures > 0 ? backoffLimitMs(failures - 1, options.retry.backoff) : options.everyMs;
      overdueAtMs = clock.wallMs() + 2 * everyMs;
      return everyMs;
    },
    run: async () => {
      overdueAtMs = Number.POSITIVE_INFINITY;
      const fetched = await fetchJwks({ ...options, signal: closing.signal });
      if (typeof fetched === 'string' && fetched !== current) await options.vet(fetched);
      if (closing.signal.aborted) return;
      if (typeof fetched === 'string') current = fetched;
      failures = options.onFetched(fetched instanceof KeySetError ? fetched : undefined) ? 0 : failures + 1;
    },
  });

  return {
    get current() {
      return current;
    },
    refresh: () => {
      poller.wake();
      return poller.settled();
    },
    settled: () => poller.settled(),
    catchUp: () => {
      if (clock.wallMs() < overdueAtMs) return;
      overdueAtMs = Number.POSITIVE_INFINITY;
      poller.wake();
    },
    close: () => {
      closing.abort();
      poller.close();
    },
  };
}
