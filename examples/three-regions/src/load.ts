import { randomUUID } from 'node:crypto';
import { type Answer, createBrowser } from './browser.ts';
import type { Operation } from './checker.ts';

export interface LoadOptions {
  /** The clients: where each sits, and the global URL as seen from there. */
  readonly clients: readonly { readonly name: string; readonly url: string }[];
  /** The pause between two requests of one client. */
  readonly pauseMs: number;
}

const RETRY_MS = 100;

/** Clients that place an order and list their own, over and over, and write down what they saw. */
export interface Load {
  /** Everything so far, in the order the requests ended. */
  readonly history: readonly Operation[];
  /** Ends each client after the request it is in. */
  stop(): Promise<void>;
}

/** Signs every client in, then starts them. */
export async function startLoad({ clients, pauseMs }: LoadOptions): Promise<Load> {
  const history: Operation[] = [];
  let running = true;

  const live = async (name: string, url: string): Promise<void> => {
    const browser = createBrowser();
    const signIn = await browser.ask(`${url}/sign-in`, { method: 'POST', json: { name } });
    if (signIn.status !== 200) throw new Error(`${name} could not sign in: ${signIn.status} ${signIn.body}`);

    const note = async (
      kind: 'write' | 'read',
      ref: string | undefined,
      ask: () => Promise<Answer>,
    ): Promise<Operation['outcome']> => {
      const startedAtMs = performance.now();
      const answer = await ask().catch(() => undefined);
      const outcome = outcomeOf(answer);
      history.push({
        client: name,
        kind,
        startedAtMs,
        endedAtMs: performance.now(),
        status: answer?.status ?? 0,
        outcome,
        ...(ref !== undefined && { ref }),
        ...(kind === 'read' && answer?.status === 200 && { seen: answer.json<{ refs: string[] }>().refs }),
        ...(answer?.headers['x-region-notice'] !== undefined && { lossAnnounced: true }),
      });
      return outcome;
    };

    while (running) {
      const ref = randomUUID();
      const order = () => browser.ask(`${url}/orders`, { method: 'POST', json: { ref, item: 'tea' } });
      // Refused with proof that nothing happened: the one case in which the same order may be sent again.
      while ((await note('write', ref, order)) === 'not-done' && running) await pause(RETRY_MS);
      await pause(pauseMs);
      for (let reads = 0; reads < 2 && running; reads += 1) {
        await note('read', undefined, () => browser.ask(`${url}/orders`));
        await pause(pauseMs);
      }
    }
    browser.close();
  };

  const lives = clients.map(({ name, url }) => live(name, url));
  // A client that cannot sign in fails the demo when it stops, not as an unhandled rejection meanwhile.
  for (const life of lives) life.catch(() => {});
  return {
    history,
    stop: async () => {
      running = false;
      await Promise.all(lives);
    },
  };
}

/** A client believes an answer's word: only what says that nothing happened counts as not done. */
function outcomeOf(answer: Answer | undefined): Operation['outcome'] {
  if (answer === undefined) return 'unknown';
  if (answer.status < 300) return 'ok';
  if (answer.status < 500) return 'not-done';
  try {
    const { outcome } = answer.json<{ outcome?: string }>();
    return outcome === 'not-sent' || outcome === 'rolled-back' || outcome === 'rejected' ? 'not-done' : 'unknown';
  } catch {
    return 'unknown';
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
