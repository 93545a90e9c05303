import { isUtf8 } from 'node:buffer';
import { type Clock, isLoopback } from '@regionkit/core/kit';
import { within } from '../within.ts';
import { KeySetError } from './key-set-error.ts';

export interface FetchJwksOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Ends the fetch early, because the verifier was closed. */
  readonly signal: AbortSignal;
}

/**
 * Checks that keys may come from this URL. A server that can answer for it can sign in as any user.
 *
 * @throws {KeySetError} The URL is not `https:` (and neither loopback nor development), or it carries credentials.
 */
export function checkJwksUrl(given: string | URL, development: boolean): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new KeySetError('insecure-url');
  }
  const plain = url.protocol === 'http:' && (development || isLoopback(url.hostname));
  if ((url.protocol !== 'https:' && !plain) || url.username !== '' || url.password !== '') {
    throw new KeySetError('insecure-url');
  }
  return url;
}

/**
 * Fetches the text of a JWKS. The whole fetch ends within the timeout, even if `fetch` ignores its signal; the size is
 * bounded; and redirects are refused, because another server could then choose our keys.
 */
export async function fetchJwks(options: FetchJwksOptions): Promise<string | KeySetError> {
  const abort = new AbortController();
  const close = (): void => abort.abort();
  options.signal.addEventListener('abort', close, { once: true });
  const got = await within(get(options, abort.signal), options.timeoutMs, options.clock);
  options.signal.removeEventListener('abort', close);
  abort.abort();
  return got.state === 'done' ? got.value : new KeySetError('unreachable');
}

async function get({ fetch, url, maxBytes }: FetchJwksOptions, signal: AbortSignal): Promise<string | KeySetError> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal,
  });
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
    return new KeySetError('redirect');
  }
  if (response.status !== 200) return new KeySetError('status');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return new KeySetError('too-large');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  return isUtf8(bytes) ? bytes.toString('utf8') : new KeySetError('not-json');
}
