import http from 'node:http';
import https from 'node:https';
import type { Clock } from '@regionkit/core/kit';
import { REFUSED_FIELD } from './question.ts';

/**
 * Why a request got no readable answer. The set is closed.
 *
 * - `refused`: 401. The other region does not know our signature, so the secrets differ
 * - `not-mounted`: 404, 405, 410, or a web page: the app answers, and health is not mounted in it
 * - `gateway`: 502 or more. Something in front of the region answers, because no process of the region does
 * - `status`: any other status. Something before health answers, such as a firewall, a rate limit or an error of the app
 */
export type Unanswered =
  | 'unreachable'
  | 'timeout'
  | 'redirect'
  | 'refused'
  | 'not-mounted'
  | 'gateway'
  | 'status'
  | 'too-large';

/** An answer: a document, or with `refusal` the reason why there is none. */
export interface Answer {
  readonly body: string;
  readonly refusal?: string;
}

export interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Asks on a new connection, so that a balancer of connections chooses a process anew. A custom `fetch` may not. */
  readonly isFresh?: boolean;
}

/**
 * Requests one URL once. Never rejects, never follows a redirect, never reads more than `maxBytes` or longer than
 * `timeoutMs`.
 */
export interface Transport {
  ask(question: Question): Promise<Answer | Unanswered>;
  close(): void;
}

/** The part of `fetch` that is used, so that a test or another HTTP client can replace it. */
export type FetchLike = (
  url: string,
  init: {
    readonly method: 'GET';
    readonly headers: Readonly<Record<string, string>>;
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** Uses Node's own client with keep-alive connections. `agent` provides a private CA or a client certificate. */
export function nodeTransport(clock: Clock, agent?: http.Agent): Transport {
  const own = agent === undefined ? createAgents() : undefined;
  return {
    ask: (question) => askOnce(clock, question, agent ?? own?.for(question.url), true),
    close: () => own?.close(),
  };
}

function createAgents(): { for(url: string): http.Agent; close(): void } {
  const options = { keepAlive: true, maxSockets: 2, maxFreeSockets: 1 };
  const plain = new http.Agent(options);
  const secure = new https.Agent(options);
  return {
    for: (url) => (url.startsWith('https:') ? secure : plain),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

function askOnce(
  clock: Clock,
  question: Question,
  agent: http.Agent | undefined,
  mayRetry: boolean,
): Promise<Answer | Unanswered> {
  const { url, timeoutMs, maxBytes, isFresh = false } = question;
  const headers = { ...question.headers, ...(isFresh && { connection: 'close' }) };
  const startedAt = clock.now();
  return new Promise((resolve) => {
    const client = url.startsWith('https:') ? https : http;
    let request: http.ClientRequest;
    let ended = false;
    const end = (result: Answer | Unanswered): void => {
      if (ended) return;
      ended = true;
      cancel();
      resolve(result);
      if (typeof result === 'string') request?.destroy();
    };
    const cancel = clock.schedule(() => end('timeout'), timeoutMs);
    try {
      request = client.request(url, { method: 'GET', headers, ...(agent !== undefined && { agent }) });
    } catch {
      return end('unreachable');
    }
    // An agent of the app may return a stream that is not a socket.
    request.on('socket', (socket) => socket.unref?.());
    request.on('error', () => {
      const leftMs = timeoutMs - (clock.now() - startedAt);
      // The other side closed a kept connection at the moment when it was used again. The region is fine, and a GET may be
      // sent again (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).
      if (!ended && mayRetry && request.reusedSocket && leftMs > 0) {
        ended = true;
        cancel();
        resolve(askOnce(clock, { ...question, timeoutMs: leftMs }, agent, false));
      } else end('unreachable');
    });
    request.on('response', (response) => {
      const { statusCode = 0 } = response;
      const refusal = refusalOf(statusCode, response.headers[REFUSED_FIELD]);
      const missing = refusal === undefined ? unanswered(statusCode, response.headers['content-type']) : undefined;
      if (missing !== undefined) return end(missing);
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) end('too-large');
        else chunks.push(chunk);
      });
      response.on('end', () => end(answerOf(chunks, refusal)));
      response.on('error', () => end('unreachable'));
      response.on('close', () => end('unreachable'));
    });
    request.end();
  });
}

function answerOf(chunks: readonly Uint8Array[], refusal: string | undefined): Answer {
  return { body: Buffer.concat(chunks).toString('latin1'), ...(refusal !== undefined && { refusal }) };
}

/** Why health itself refuses, and not something in front of it. What 401 means is known without. */
function refusalOf(status: number, field: unknown): string | undefined {
  return typeof field === 'string' && [400, 403, 421].includes(status) ? field : undefined;
}

const NOT_MOUNTED: readonly number[] = [404, 405, 410];

/** Undefined: the answer may be a document. An app that serves one page at every path answers 200 with a web page. */
function unanswered(status: number, contentType: string | null | undefined): Unanswered | undefined {
  if (status === 200) return /^text\/html\b/i.test(contentType ?? '') ? 'not-mounted' : undefined;
  if (status >= 300 && status < 400) return 'redirect';
  if (status === 401) return 'refused';
  if (NOT_MOUNTED.includes(status)) return 'not-mounted';
  return status >= 502 ? 'gateway' : 'status';
}

/** Uses a `fetch` of the app. */
export function fetchTransport(clock: Clock, fetch: FetchLike): Transport {
  return {
    ask: async ({ url, headers, timeoutMs, maxBytes }) => {
      const controller = new AbortController();
      let cancel = (): void => {};
      const late = new Promise<'timeout'>((resolve) => {
        cancel = clock.schedule(() => {
          resolve('timeout');
          controller.abort();
        }, timeoutMs);
      });
      const answer = (async (): Promise<Answer | Unanswered> => {
        const response = await fetch(url, { method: 'GET', headers, redirect: 'manual', signal: controller.signal });
        const refusal = refusalOf(response.status, response.headers.get(REFUSED_FIELD));
        if (response.type === 'opaqueredirect') return 'redirect';
        const missing =
          refusal === undefined ? unanswered(response.status, response.headers.get('content-type')) : undefined;
        if (missing !== undefined) return missing;
        const chunks: Uint8Array[] = [];
        let bytes = 0;
        for await (const chunk of response.body ?? []) {
          bytes += chunk.length;
          if (bytes > maxBytes) return 'too-large';
          chunks.push(chunk);
        }
        return answerOf(chunks, refusal);
      })().catch((): Unanswered => 'unreachable');
      const result = await Promise.race([answer, late]);
      cancel();
      controller.abort();
      return result;
    },
    close: () => {},
  };
}
