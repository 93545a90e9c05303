import { randomUUID } from 'node:crypto';
import { type Answer, createBrowser } from './browser.ts';
import type { Operation } from './checker.ts';

export interface LoadOptions {
  /** The clients: where each sits, and the global URL as seen from there. */
  readonly clients: readonly { readonly name: string; readonly url: string }[];
  /** The pause of a client between two looks; between two orders it is twice as long. */
  readonly pauseMs: number;
}

const RETRY_MS = 100;
const REQUESTS_A_CONNECTION = 4;

/** Clients that place orders and list their own, over and over, and write down what they saw. */
export interface Load {
  /** Everything so far, in the order the requests ended. */
  readonly history: readonly Operation[];
  /** Ends each client after the requests it is in. */
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

    let asked = 0;
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
        ...(kind === 'read' && answer?.status === 200 && whatWasRead(answer)),
        ...(answer?.headers['x-region-notice'] !== undefined && { lossAnnounced: true }),
      });
      // No answer: a person would not try again at once either.
      if (answer === undefined) await pause(RETRY_MS);
      return outcome;
    };

    const headers = (): Record<string, string> => {
      asked += 1;
      // Like people who come and go: what is asked next is asked on a connection of its own, and DNS says where.
      return asked % REQUESTS_A_CONNECTION === 0 ? { connection: 'close' } : {};
    };
    const orders = async (): Promise<void> => {
      while (running) {
        const ref = randomUUID();
        const order = () =>
          browser.ask(`${url}/orders`, { method: 'POST', json: { ref, item: 'tea' }, headers: headers() });
        // Refused with proof that nothing happened: the one case in which the same order may be sent again.
        while ((await note('write', ref, order)) === 'not-done' && running) await pause(RETRY_MS);
        await pause(2 * pauseMs);
      }
    };
    // Beside the orders: a user who waits for an order still reads.
    const looks = async (): Promise<void> => {
      while (running) {
        await note('read', undefined, () => browser.ask(`${url}/orders`, { headers: headers() }));
        await pause(pauseMs);
      }
    };
    await Promise.all([orders(), looks()]);
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

function whatWasRead(answer: Answer): Pick<Operation, 'seen' | 'servedIn'> {
  const { region, refs } = answer.json<{ region: string; refs: string[] }>();
  return { servedIn: region, seen: refs };
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
