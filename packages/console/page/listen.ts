import { createEventParser } from '@regionkit/core/operator';

export interface Listener {
  /** The console answers, and sends what it knows. */
  onMessage(event: string, data: unknown, id: string): void;
  /** The connection ended; another one is tried. */
  onLost(): void;
  /** The console does not let this page in. It is not asked again. */
  onRefused(why: string): void;
}

const MAX_EVENT = 8_388_608;
const RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;
/** The console says something every second. */
const SILENCE_MS = 5_000;

/** Reads the events of the console, and connects again while it is not stopped. The token goes into a header, never into an address. */
export function listen(token: string, { onMessage, onLost, onRefused }: Listener): () => void {
  const stopped = new AbortController();
  let lastId = '';
  let retryMs = RETRY_MS;

  /** A mistake of the page is no lost connection. */
  const tell: Listener['onMessage'] = (...message) => {
    try {
      onMessage(...message);
    } catch (error) {
      reportError(error);
    }
  };
  const once = async (): Promise<'again' | 'refused'> => {
    const ended = new AbortController();
    stopped.signal.addEventListener('abort', () => ended.abort(), { once: true });
    let timer = setTimeout(() => ended.abort(), SILENCE_MS);
    try {
      const answer = await fetch('events', {
        headers: { authorization: `Bearer ${token}`, ...(lastId !== '' && { 'last-event-id': lastId }) },
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: ended.signal,
      });
      if (answer.status === 401) {
        onRefused('The console refuses this token.');
        return 'refused';
      }
      if (!answer.ok || answer.body === null) return 'again';
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = createEventParser(MAX_EVENT);
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return 'again';
        clearTimeout(timer);
        timer = setTimeout(() => ended.abort(), SILENCE_MS);
        for (const { event, data, id } of parser.push(value)) {
          if (stopped.signal.aborted) return 'refused';
          // The state that a new connection begins with has no id.
          if (id !== '') lastId = id;
          retryMs = RETRY_MS;
          tell(event, JSON.parse(data), id);
        }
      }
    } catch {
      return 'again';
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if ((await once()) === 'refused' || stopped.signal.aborted) return;
      onLost();
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
    }
  };
  void run();
  return () => stopped.abort();
}
