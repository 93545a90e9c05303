import { createEvents, type Decider, type EventSource, type WithDoors } from '@regionkit/core';
import { createNotices } from '@regionkit/core/kit';
import { createEpochGuard } from './epochs.ts';
import { type RejectionReason, VerifierUnavailableError } from './errors.ts';
import { SESSION_EVENTS, type SessionEvents } from './events.ts';
import { createJudge, type Judge } from './judge.ts';
import type { KeySet } from './keys/key-set.ts';
import { createKeyStore, type KeyState, type KeyStore } from './keys/key-store.ts';
import { checkOptions, type SessionVerifierOptions } from './options.ts';
import { errorOf } from './refuse.ts';
import type { Session } from './session.ts';
import { createSessionDoors, type RequiredRoles } from './session-doors.ts';
import type { FrozenObject } from './strict-json.ts';

/** What a verifier knows of a key. It shows whether a key can be removed. */
export interface KeyStats {
  readonly kid: string;
  readonly algorithm: string;
  /** How often this process has seen a session of this key. */
  readonly verified: number;
  /** The last time this process saw one, in milliseconds since 1970. */
  readonly lastSeenAtMs: number | undefined;
  /** When the latest of the seen sessions ends, in milliseconds since 1970. */
  readonly latestExpiryMs: number | undefined;
}

export interface SessionStats {
  readonly keys: readonly KeyStats[];
  /** Whether the keys are up to date with their source. With `absent` and `expired` requests with a session get 503. */
  readonly keyState: KeyState;
  readonly cache: { readonly size: number; readonly hits: number };
  /** Tokens whose signature was verified, and not taken from memory. */
  readonly verified: number;
  /**
   * Milliseconds since the URL of a JWKS last confirmed the keys in use; undefined for keys that are given by value.
   */
  readonly fetchedMsAgo: number | undefined;
}

/** Verifies sessions. It is itself a decider, the same as `optional()`, so it goes into `compose` directly. */
export interface SessionVerifier<Claims = FrozenObject> extends Decider, EventSource<SessionEvents> {
  readonly kind: 'session';
  /**
   * Returns the session of a token. A remembered token is found by its digest. Equal tokens that arrive at the same time are
   * verified once.
   *
   * @example
   * ```ts
   * const { sub, roles } = await sessions.verify(token);
   * ```
   *
   * @throws {InvalidTokenError} 401: the token is refused.
   * @throws {VerifierUnavailableError} 503: the token cannot be judged now.
   */
  verify(token: string): Promise<Session<Claims>>;
  /**
   * Returns a door that reads the session and lets every request pass. If there is no valid session, `of` throws the
   * reason and `peek` returns undefined.
   *
   * @example
   * ```ts
   * app.use(sessions.optional().express());
   * ```
   */
  optional(): WithDoors<Decider>;
  /**
   * Returns a door that lets a request pass if its session has all of these roles, or one of them with `{ anyOf }`.
   * Otherwise it answers 401, 403, 400 or 503
   * ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)). A CORS preflight carries no session:
   * see the option `preflight`.
   *
   * @example
   * ```ts
   * app.use('/admin', sessions.require('admin').express());
   * app.use('/reports', sessions.require({ anyOf: ['admin', 'auditor'] }).express());
   * ```
   *
   * @throws {TypeError | RangeError} The roles are not non-empty strings, or `anyOf` is empty.
   */
  require(...roles: RequiredRoles): WithDoors<Decider>;
  /**
   * Returns the session of a request. Takes the request or context of any framework.
   *
   * @example
   * ```ts
   * app.get('/me', (request, response) => void response.json({ user: sessions.of(request).sub }));
   * ```
   *
   * @throws {MissingTokenError | AmbiguousCredentialsError | InvalidTokenError | VerifierUnavailableError} The request
   * has no valid session.
   * @throws {NoSessionDoorError} The request passed no door of this verifier.
   */
  of(request: unknown): Session<Claims>;
  /**
   * Returns the session of a request. Undefined if it has no valid session or passed no door of this verifier.
   *
   * @example
   * ```ts
   * const user = sessions.peek(request)?.sub ?? 'anonymous';
   * ```
   */
  peek(request: unknown): Session<Claims> | undefined;
  /**
   * Returns the keys in use, the state of their source, and the size of the memory. It contains no token and no private
   * key.
   *
   * @example
   * ```ts
   * const { keyState, keys } = sessions.stats();
   * ```
   */
  stats(): SessionStats;
  /**
   * Resolves when there are keys. Waits only for keys from a URL whose first fetch is still under way.
   *
   * @example
   * ```ts
   * await sessions.ready();
   * app.listen(3000);
   * ```
   *
   * @throws {VerifierUnavailableError} The fetch that was under way brought no keys. The verifier keeps trying.
   */
  ready(): Promise<void>;
  /**
   * Asks the source of the keys for newer ones now, and resolves when it has answered.
   *
   * @example
   * ```ts
   * await sessions.refresh();
   * ```
   */
  refresh(): Promise<void>;
  /**
   * Stops updating the keys. Later verifications use the last ones.
   *
   * @example
   * ```ts
   * await sessions.close();
   * ```
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a verifier of sessions. A session is a signed JWT that carries all its data, so every region verifies it
 * without asking another.
 *
 * @example
 * ```ts
 * const sessions = createSessionVerifier({
 *   keys: publicKeyPem,
 *   algorithms: ['RS256'],
 *   issuer: 'https://auth.example.com',
 *   audience: 'api',
 * });
 * const { sub } = await sessions.verify(token);
 * ```
 *
 * @throws {TypeError | RangeError} An option is missing, unknown, of the wrong type or out of range.
 * @throws {KeySetError} The keys must not be used.
 */
export function createSessionVerifier<Claims = FrozenObject>(
  options: SessionVerifierOptions<Claims>,
): SessionVerifier<Claims> {
  const rules = checkOptions(options);
  const events = createEvents<SessionEvents>('session', SESSION_EVENTS);
  const notice = createNotices();
  const rejected = (reason: RejectionReason): void => {
    events.emit('rejected', { reason });
    // The signature is valid, but the issuer uses a longer lifetime: no session of it will ever be accepted.
    if (reason === 'lifetime') notice('REGIONKIT_LIFETIME', TOO_LONG_LIVED);
  };
  let judge: Judge<Claims> | undefined;
  const epochs = createEpochGuard('createSessionVerifier: notBefore', options.notBefore, () => {
    events.emit('epochs-rejected', {});
    notice(
      'REGIONKIT_EPOCHS_REJECTED',
      'new revocation epochs are malformed: the last good ones stay, and sign-outs since then do not count',
    );
  });
  let keys: KeyStore;
  try {
    keys = createKeyStore({
      ...rules,
      source: options.keys,
      algorithms: rules.header.algorithms,
      onKeys: (now, before) => {
        judge?.forgetAllBut(now);
        if (events.wants('keys')) events.emit('keys', changeOf(now, before));
        const [first] = now.unusable;
        if (first !== undefined) {
          notice(
            'REGIONKIT_KEYS_UNUSABLE',
            `keys of the JWKS are not used, and tokens they have signed are refused: ${first.reason} at position ${first.position}`,
          );
        }
      },
      onRejected: ({ reason, position }) => {
        events.emit('keys-rejected', { reason, position });
        notice(
          'REGIONKIT_KEYS_REJECTED',
          `new session keys were refused or could not be fetched (${reason}): the last good ones stay`,
        );
      },
      onExpired: () => {
        events.emit('keys-expired', {});
        notice(
          'REGIONKIT_KEYS_EXPIRED',
          'the session keys have expired: every session is answered 503 until new ones come',
        );
      },
      onUnknownKey: (refresh) => events.emit('unknown-kid', { refresh }),
    });
  } catch (error) {
    epochs.close();
    throw error;
  }
  const ask = createJudge<Claims>({
    rules,
    keys,
    epochs,
    schema: options.claims,
    isRevoked: options.isRevoked,
  });
  judge = ask;
  const doors = createSessionDoors<Claims>({
    judge: ask,
    from: rules.from,
    severalTokens: rules.severalTokens,
    realm: rules.realm,
    preflight: rules.preflight,
    onRejected: rejected,
  });
  const close = async (): Promise<void> => {
    keys.close();
    epochs.close();
  };

  return {
    kind: 'session',
    decide: doors.optional().decide,
    on: events.on,
    verify: async (token) => {
      const judged = ask(token);
      const session = judged instanceof Promise ? await judged : judged;
      if (typeof session !== 'string') return session;
      rejected(session);
      throw errorOf(session, rules.realm);
    },
    ...doors,
    stats: () => {
      keys.current();
      const { size, hits, verified } = ask.counts();
      return {
        keys: keys.known.map(({ kid, algorithm, usage }) => ({ kid, algorithm, ...usage })),
        keyState: keys.state,
        cache: { size, hits },
        verified,
        fetchedMsAgo: keys.confirmedMsAgo,
      };
    },
    ready: async () => {
      if (keys.current() === undefined) await keys.settled();
      if (keys.current() === undefined) throw new VerifierUnavailableError();
    },
    refresh: () => keys.refresh(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const TOO_LONG_LIVED =
  'a session token with a good signature was refused, as it lives longer than maxLifetimeMs of createSessionVerifier: shorten lifetimeMs of the issuer, or raise the maximum';

function changeOf(now: KeySet, before: KeySet | undefined): SessionEvents['keys'] {
  const kids = [...now.byKid.keys()];
  return {
    kids,
    added: kids.filter((kid) => now.byKid.get(kid) !== before?.byKid.get(kid)),
    removed: [...(before?.byKid.values() ?? [])].filter((key) => now.byKid.get(key.kid) !== key).map(({ kid }) => kid),
    aside: now.aside,
    unusable: now.unusable,
  };
}
