import { type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a string as it is but called JSON. */
  readonly body?: object | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. The caller knows its type. */
  json<T>(): T;
}

/** One request over a connection of its own, so that no test waits for an idle one; redirects are not followed. */
export function ask(url: string, { method = 'GET', headers = {}, body }: AskOptions = {}): Promise<Answer> {
  const sent = typeof body === 'object' ? JSON.stringify(body) : body;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        headers: {
          ...(sent !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            json: <T>() => JSON.parse(text) as T,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(sent);
  });
}

/** Asks again and again until the answer is as wished, and returns it. */
export async function until(
  look: () => Promise<Answer>,
  isWished: (answer: Answer) => boolean,
  timeoutMs = 20_000,
): Promise<Answer> {
  const endsAtMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look().catch((error: Error) => error);
    if (!(found instanceof Error) && isWished(found)) return found;
    if (performance.now() > endsAtMs) {
      const last = found instanceof Error ? found.message : `${found.status} ${found.text}`;
      throw new Error(`not as wished within ${timeoutMs} ms; at last: ${last}`);
    }
    await pause(50);
  }
}
