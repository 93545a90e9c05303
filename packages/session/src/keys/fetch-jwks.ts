import type { Clock } from '@regionkit/core/kit';
import { KeySetError } from './key-set-error.ts';

export interface FetchJwksOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Ends the fetch early: the verifier was closed. */
  readonly signal: AbortSignal;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The URL of a JWKS, if keys may come from there: whoever can answer for it can sign in as anybody.
 *
 * @throws {KeySetError} It is not `https:`, and neither loopback nor development; or it carries credentials.
 */
export function checkJwksUrl(given: string | URL, development: boolean): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new KeySetError('insecure-url');
  }
  const plain = url.protocol === 'http:' && (development || LOOPBACK.test(url.hostname));
  if ((url.protocol !== 'https:' && !plain) || url.username !== '' || url.password !== '') {
    throw new KeySetError('insecure-url');
  }
  return url;
}

/**
 * Fetches the text of a JWKS: in time as a whole, of bounded size, and from this URL only, for a redirect would let
 * somebody else say what our keys are.
 *
 * @throws {KeySetError} It could not be had.
 */
export async function fetchJwks(options: FetchJwksOptions): Promise<string> {
  const abort = new AbortController();
  const cancel = options.clock.schedule(() => abort.abort(), options.timeoutMs);
  const close = (): void => abort.abort();
  options.signal.addEventListener('abort', close, { once: true });
  try {
    const response = await options.fetch(options.url, {
      redirect: 'manual',
      headers: { accept: 'application/jwk-set+json, application/json' },
      signal: abort.signal,
    });
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
      throw new KeySetError('redirect');
    }
    if (response.status !== 200) throw new KeySetError('status');
    return await readText(response, options.maxBytes);
  } catch (error) {
    throw error instanceof KeySetError ? error : new KeySetError('unreachable');
  } finally {
    cancel();
    options.signal.removeEventListener('abort', close);
    abort.abort();
  }
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new KeySetError('too-large');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new KeySetError('not-json');
  }
}
