import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { errorCode } from '@regionkit/core/kit';

export interface HttpOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly lookup: LookupFunction | undefined;
  /** The certificates to trust instead of the usual ones, in PEM. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly tookMs: number;
}

const MAX_BYTES = 1_000_000;

/** One request on a connection of its own. Follows no redirect. Rejects with an error whose `code` says why. */
export function ask(url: string, options: HttpOptions): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body, lookup, ca, timeoutMs, signal } = options;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http;
    const sent = request(url, { method, headers, agent: false, signal, ...(lookup && { lookup }), ...(ca && { ca }) });
    const timer = setTimeout(() => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), timeoutMs);
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) sent.destroy(Object.assign(new Error('too long'), { code: 'TOO_LONG' }));
        else chunks.push(chunk);
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
          tookMs: performance.now() - started,
        }),
      );
    });
    sent.end(body);
  });
}

/** The code of an error, in our own words where it has none. */
export function codeOf(error: unknown): string {
  return errorCode(error) ?? 'no answer';
}
