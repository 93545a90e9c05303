import { type Live, live } from '@regionkit/core';
import {
  type Backoff,
  backoffLimitMs,
  type Clock,
  check,
  createPoller,
  integer,
  keptAlive,
  type OptionTable,
  readOptions,
  systemClock,
  withDefault,
} from '@regionkit/core/kit';
import { SESSION_ALGORITHMS, type SessionAlgorithm } from '../algorithms.ts';
import { checkJwksUrl, fetchJwks } from '../keys/fetch-jwks.ts';
import type { KeySource } from '../keys/key-set.ts';
import { KeySetError } from '../keys/key-set-error.ts';
import type { SessionVerifierOptions } from '../options.ts';
import { DiscoveryError, type DiscoveryReason } from './discovery-error.ts';
import { type DocumentRules, type Provider, readDocument } from './read-document.ts';

export interface DiscoverIssuerOptions {
  /** The algorithms that tokens may be signed with. The provider's own list never adds one. @default ['RS256'] */
  readonly algorithms?: readonly SessionAlgorithm[];
  /** Hosts from which keys may come, besides the provider's own: `['www.googleapis.com']` for Google. @default [] */
  readonly keysFrom?: readonly string[];
  /** Time between two reads of the document, in milliseconds. The keys are fetched more often, by the verifier. @default 3_600_000 */
  readonly everyMs?: number;
  /** The longest time of one read with its body, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number;
  /**
   * How long the first read is tried again while the provider does not answer, or not with 200, in milliseconds. 0: once.
   * A document that must not be used is refused at once. @default 15_000
   */
  readonly startTimeoutMs?: number;
  /** The longest accepted document, in bytes. @default 65_536 */
  readonly maxBytes?: number;
  /** Allows plain http from hosts that are not loopback. Never in production. @default false */
  readonly development?: boolean;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: Clock;
}

/** An identity provider, as its document describes it. */
export interface DiscoveredIssuer {
  /** For `createSessionVerifier({ ...provider.options, audience })`. The keys follow the document. */
  readonly options: Pick<SessionVerifierOptions, 'issuer' | 'algorithms' | 'development'> & {
    readonly keys: Live<KeySource>;
  };
  /** Why the last read of the document was refused or failed. Undefined: it succeeded. The last good one stays in use. */
  readonly problem: DiscoveryReason | undefined;
  /**
   * Reads the document now.
   *
   * @example
   * ```ts
   * await provider.refresh();
   * ```
   */
  refresh(): Promise<void>;
  /**
   * Stops reading the document.
   *
   * @example
   * ```ts
   * await provider.close();
   * ```
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const NAME = 'discoverIssuer';
const BACKOFF: Backoff = { baseMs: 250, maxMs: 4_000 };
const WELL_KNOWN = '.well-known/openid-configuration';

const OPTIONS: OptionTable<Required<DiscoverIssuerOptions>> = {
  algorithms: (option, given: readonly SessionAlgorithm[] = ['RS256']) =>
    listOf(option, given, 1, (name) => check.oneOf(option, name, SESSION_ALGORITHMS)),
  keysFrom: (option, given: readonly string[] = []) => listOf(option, given, 0, (host) => check.string(option, host)),
  everyMs: integer(3_600_000, { min: 1_000 }),
  timeoutMs: integer(5_000, { min: 1 }),
  startTimeoutMs: integer(15_000, { min: 0 }),
  maxBytes: integer(65_536, { min: 1_024, max: 1_048_576 }),
  development: withDefault<boolean>(false, check.boolean),
  fetch: (option, given: typeof globalThis.fetch = globalThis.fetch) => check.function(option, given),
  clock: withDefault(systemClock, check.clock),
};

/**
 * Reads the document of an identity provider (OpenID Connect Discovery 1.0: Auth0, Cognito, Entra ID, Google, Keycloak,
 * Okta) and returns what a verifier needs: the issuer, and where its keys are. The document is read again in the
 * background. One that must not be used changes nothing. While the provider is away at the start, it is asked again.
 *
 * @example
 * ```ts
 * const provider = await discoverIssuer('https://tenant.eu.auth0.com/');
 * const sessions = createSessionVerifier({ ...provider.options, audience: 'https://api.example.com', type: null });
 * ```
 *
 * @throws {DiscoveryError} The document could not be read, or must not be used.
 * @throws {TypeError | RangeError} An option is wrong.
 */
export async function discoverIssuer(
  issuerBaseURL: string | URL,
  options: DiscoverIssuerOptions = {},
): Promise<DiscoveredIssuer> {
  const { everyMs, timeoutMs, startTimeoutMs, maxBytes, fetch, clock, ...rules } = readOptions(
    NAME,
    `${NAME}: `,
    options,
    OPTIONS,
  );
  const base = checkBase(issuerBaseURL, rules.development);
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${WELL_KNOWN}`;
  const closing = new AbortController();
  const documentRules: DocumentRules = { ...rules, base };

  const read = async (): Promise<Provider> => {
    let text: string | KeySetError;
    try {
      text = await fetchJwks({ url, timeoutMs, maxBytes, fetch, clock, signal: closing.signal });
    } catch {
      throw new DiscoveryError('unreachable');
    }
    if (text instanceof KeySetError) throw new DiscoveryError(text.reason as DiscoveryReason);
    return readDocument(text, documentRules);
  };

  const readFirst = async (): Promise<Provider> => {
    const endsAtMs = clock.now() + startTimeoutMs;
    for (let waits = 0; ; waits += 1) {
      try {
        return await read();
      } catch (error) {
        const waitMs = backoffLimitMs(waits, BACKOFF) * (0.5 + 0.5 * Math.random());
        if (!isPassing(error) || clock.now() + waitMs > endsAtMs) throw error;
        await new Promise<void>((resolve) => void clock.schedule(resolve, waitMs));
      }
    }
  };
  const { issuer, keysUrl } = await keptAlive(readFirst);
  const keys = live<KeySource>(keysUrl);
  let problem: DiscoveryReason | undefined;
  let reading: Promise<void> | undefined;
  const readAgain = async (): Promise<void> => {
    try {
      const next = await read();
      // The verifier compares with the issuer of the start, so no other spelling may replace it.
      if (next.issuer !== issuer) throw new DiscoveryError('issuer');
      problem = undefined;
      if (next.keysUrl !== keys.current) keys.set(next.keysUrl);
    } catch (error) {
      problem = error instanceof DiscoveryError ? error.reason : 'unreachable';
    }
  };
  const refresh = (): Promise<void> => {
    if (closing.signal.aborted) return Promise.resolve();
    reading ??= readAgain().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  let isFirst = true;
  const poller = createPoller({
    run: () => {
      // The document was just read.
      if (isFirst) isFirst = false;
      else return refresh();
    },
    everyMs: () => everyMs,
    jitter: 0.1,
    clock,
  });
  const close = async (): Promise<void> => {
    poller.close();
    closing.abort();
  };
  return {
    options: { issuer, algorithms: rules.algorithms, keys, development: rules.development },
    get problem() {
      return problem;
    },
    refresh,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The provider may answer later. A document that must not be used stays so. */
function isPassing(error: unknown): boolean {
  return error instanceof DiscoveryError && (error.reason === 'unreachable' || error.reason === 'status');
}

function checkBase(given: string | URL, development: boolean): URL {
  try {
    const url = checkJwksUrl(given, development);
    if (url.search === '' && url.hash === '') return url;
  } catch {
    // The same answer.
  }
  throw new DiscoveryError('insecure-url');
}

function listOf<T extends string>(option: string, given: readonly T[], min: number, item: (one: T) => T): readonly T[] {
  if (!Array.isArray(given)) throw new TypeError(`${option} must be a list`);
  if (given.length < min) throw new RangeError(`${option} must not be empty`);
  return given.map(item);
}
