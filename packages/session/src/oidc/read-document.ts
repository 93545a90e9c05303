import type { SessionAlgorithm } from '../algorithms.ts';
import { checkJwksUrl } from '../keys/fetch-jwks.ts';
import { parseStrictJson } from '../strict-json.ts';
import { DiscoveryError } from './discovery-error.ts';

/** What a document must fulfil. */
export interface DocumentRules {
  /** The URL that the app has configured. */
  readonly base: URL;
  readonly algorithms: readonly SessionAlgorithm[];
  /** The hosts from which keys may come, besides the host of the provider. */
  readonly keysFrom: readonly string[];
  readonly development: boolean;
}

export interface Provider {
  /** The issuer exactly as tokens name it. */
  readonly issuer: string;
  readonly keysUrl: string;
}

/**
 * Checks a document of OpenID Connect Discovery 1.0. The issuer in it must be the configured one (section 4.3), apart
 * from a slash at the end: otherwise one provider could speak for another.
 *
 * @throws {DiscoveryError} The document must not be used.
 */
export function readDocument(text: string, { base, algorithms, keysFrom, development }: DocumentRules): Provider {
  const document = parseStrictJson(text, 'round');
  if (typeof document === 'string') throw new DiscoveryError('not-json');
  const { issuer, jwks_uri: keysUri, id_token_signing_alg_values_supported: signs } = document;
  if (typeof issuer !== 'string' || withoutSlash(issuer) !== withoutSlash(base.href))
    throw new DiscoveryError('issuer');
  if (typeof keysUri !== 'string') throw new DiscoveryError('keys-url');
  let url: URL;
  try {
    url = checkJwksUrl(keysUri, development);
  } catch {
    throw new DiscoveryError('keys-url');
  }
  if (url.host !== base.host && !keysFrom.includes(url.host)) throw new DiscoveryError('foreign-keys');
  // What the provider lists can only restrict what the app allows.
  if (Array.isArray(signs) && !algorithms.some((name) => signs.includes(name))) throw new DiscoveryError('algorithm');
  return { issuer, keysUrl: url.href };
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}
