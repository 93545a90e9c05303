import { randomUUID } from 'node:crypto';
import { createEvents, type EventSource, isLive, type Live, live } from '@regionkit/core';
import {
  type Clock,
  check,
  integer,
  type OptionTable,
  optional,
  readOptions,
  systemClock,
  unchecked,
  withDefault,
} from '@regionkit/core/kit';
import { SignJWT } from 'jose';
import { SESSION_ALGORITHMS, type SessionAlgorithm } from './algorithms.ts';
import { KeySetError, type KeySetReason } from './keys/key-set-error.ts';
import { readSigningKey, type SigningKey, type SigningKeySource } from './keys/signing-key.ts';
import { vetWhatIsLeft } from './keys/vet-ahead.ts';
import { type FrozenObject, parseStrictJson } from './strict-json.ts';

export interface SessionIssuerOptions {
  /** The private key, or a live value of it. */
  readonly key: SigningKeySource | Live<SigningKeySource>;
  /** `iss` of every token. */
  readonly issuer: string;
  /** `aud` of every token. */
  readonly audience: string | readonly string[];
  /** Lifetime of a session in milliseconds. @default 3_600_000 */
  readonly lifetimeMs?: number;
  /** @default the `alg` of the JWK; without one RS256, ES256, ES384, ES512 or EdDSA by the kind of the key */
  readonly algorithm?: SessionAlgorithm;
  /** `typ` of every token. @default 'JWT' */
  readonly type?: string;
  /** A longer token is an error, because verifiers would refuse it. In bytes. @default 8_192 */
  readonly maxTokenBytes?: number;
  readonly clock?: Clock;
}

/** What a session is issued for. */
export interface SessionGrant {
  readonly sub: string;
  readonly roles?: readonly string[];
  /** Identifies this session, so that a sign-out can end it alone. @default a random one */
  readonly sid?: string;
  /** More claims, as JSON writes them. Registered claims are not allowed here. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Lifetime of this session in milliseconds: at most the `lifetimeMs` of the issuer. */
  readonly lifetimeMs?: number;
  /**
   * Time of the sign-in, in seconds since 1970, if this renews a session: the `iat` of the session. A sign-out ends a
   * renewed session by it. Not in the future. @default now
   */
  readonly signedInAt?: number;
}

/**
 * The events of an issuer. Each is also published on the `node:diagnostics_channel` `regionkit:session-issuer:<event>`.
 */
export interface SessionIssuerEvents {
  /** A key is now in use for signing. */
  readonly 'signing-key': { readonly kid: string };
  /** A new key was refused. The last good key keeps signing. */
  readonly 'signing-key-rejected': { readonly reason: KeySetReason };
}

/** Signs sessions. */
export interface SessionIssuer extends EventSource<SessionIssuerEvents> {
  /**
   * Returns a signed token. `iat` is exact to the millisecond: a user who signs out and in again within one second
   * stays signed in.
   *
   * @example
   * ```ts
   * const token = await issuer.issue({ sub: 'alice', roles: ['admin'] });
   * ```
   *
   * @throws {TypeError | RangeError} The grant is malformed, names a registered claim, or makes a token that is too
   * long.
   */
  issue(grant: SessionGrant): Promise<string>;
  /**
   * Returns the public half of the key that signs now, as a JWK. Publish it to every region before the key signs.
   *
   * @example
   * ```ts
   * const jwks = { keys: [issuer.publicJwk()] };
   * ```
   */
  publicJwk(): Readonly<Record<string, unknown>> & { readonly kty: string };
  /**
   * Ends the subscription to a live key. Tokens can still be issued.
   *
   * @example
   * ```ts
   * await issuer.close();
   * ```
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const NAME = 'createSessionIssuer';
const REGISTERED = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sid', 'roles'];

type CheckedOptions = Required<Omit<SessionIssuerOptions, 'audience' | 'algorithm'>> & {
  readonly audience: readonly string[];
  readonly algorithm: SessionAlgorithm | undefined;
};

const OPTIONS: OptionTable<CheckedOptions> = {
  // Checked where it is read.
  key: unchecked,
  issuer: check.string,
  audience: checkAudience,
  lifetimeMs: integer(3_600_000, { min: 1_000 }),
  algorithm: optional((option, given: SessionAlgorithm) => check.oneOf(option, given, SESSION_ALGORITHMS)),
  type: withDefault('JWT', check.string),
  maxTokenBytes: integer(8_192, { min: 64 }),
  clock: withDefault(systemClock, check.clock),
};

function checkAudience(option: string, given: string | readonly string[]): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw new RangeError(`${option} must not be empty`);
  return list.map((item) => check.string(option, item));
}

/**
 * Makes an issuer of sessions. It reads a rotated key by itself if `key` is a live value.
 *
 * @example
 * ```ts
 * const issuer = createSessionIssuer({ key: privateKeyPem, issuer: 'https://auth.example.com', audience: 'api' });
 * const token = await issuer.issue({ sub: 'alice', roles: ['admin'] });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 * @throws {KeySetError} The key must not be used.
 */
export function createSessionIssuer(options: SessionIssuerOptions): SessionIssuer {
  const {
    key,
    issuer,
    audience,
    lifetimeMs: longestMs,
    algorithm,
    type: typ,
    maxTokenBytes,
    clock,
  } = readOptions(NAME, `${NAME}: `, options, OPTIONS);

  const events = createEvents<SessionIssuerEvents>('session-issuer', ['signing-key', 'signing-key-rejected']);
  const source: Live<SigningKeySource> = isLive(key) ? key : live(key);
  let seen = source.current;
  let signing = readSigningKey(seen, algorithm);
  let vetting: Promise<void> | undefined;
  const current = (): SigningKey => {
    if (vetting !== undefined) return signing;
    const next = source.current;
    if (next === seen) return signing;
    vetting = vetWhatIsLeft((later) => readSigningKey(next, algorithm, later))?.then(() => {
      vetting = undefined;
    });
    if (vetting !== undefined) return signing;
    seen = next;
    try {
      signing = readSigningKey(next, algorithm);
      events.emit('signing-key', { kid: signing.kid });
    } catch (error) {
      // The last good key keeps signing: a bad rotation must not stop sign-ins.
      const reason = error instanceof KeySetError ? error.reason : 'invalid';
      events.emit('signing-key-rejected', { reason });
    }
    return signing;
  };
  const unsubscribe = source.subscribe(() => {
    current();
    // What it throws then, the next `issue` throws as well.
    vetting?.then(current).catch(() => {});
  });
  const close = async (): Promise<void> => unsubscribe();

  return {
    on: events.on,
    issue: async (grant) => {
      check.object('issue: grant', grant, ['sub', 'roles', 'sid', 'claims', 'lifetimeMs', 'signedInAt']);
      const { sub, roles, sid = randomUUID(), claims = {}, lifetimeMs = longestMs } = grant;
      check.string('issue: sub', sub);
      check.string('issue: sid', sid);
      check.integer('issue: lifetimeMs', lifetimeMs, { min: 1_000, max: longestMs });
      if (roles !== undefined && !(Array.isArray(roles) && roles.every((role) => typeof role === 'string'))) {
        throw new TypeError('issue: roles must be a list of strings');
      }
      const further = asVerifiersReadIt('claims', check.object('issue: claims', claims));
      const taken = REGISTERED.find((name) => Object.hasOwn(further, name));
      if (taken !== undefined) throw new TypeError(`issue: claims must not have ${taken}: it has an option of its own`);
      current();
      await vetting;
      const nowMs = clock.wallMs();
      const iat = check.number('issue: signedInAt', grant.signedInAt ?? nowMs / 1_000, { max: nowMs / 1_000 });
      const { key, kid, alg } = current();
      const payload = asVerifiersReadIt('sub, sid and roles', {
        ...further,
        iss: issuer,
        sub,
        aud: audience.length === 1 ? audience[0] : [...audience],
        iat,
        exp: Math.floor((nowMs + lifetimeMs) / 1_000),
        jti: randomUUID(),
        sid,
        ...(roles !== undefined && { roles: [...roles] }),
      });
      const token = await new SignJWT({ ...payload }).setProtectedHeader({ alg, typ, kid }).sign(key);
      if (token.length > maxTokenBytes) {
        throw new RangeError(`issue: a token must have at most ${maxTokenBytes} bytes; this one has ${token.length}`);
      }
      return token;
    },
    publicJwk: () => current().publicJwk,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Checks what is really signed: the JSON, even if an object in the claims has its own `toJSON`. */
function asVerifiersReadIt(what: string, given: object): FrozenObject {
  const read = parseStrictJson(JSON.stringify(given) ?? '');
  if (typeof read !== 'string') return read;
  throw new TypeError(
    `issue: ${what} must be JSON: Unicode text, numbers that JavaScript holds exactly, at most 32 levels`,
  );
}
