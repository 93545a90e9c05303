import type { Live, StandardSchema } from '@regionkit/core';
import { type Clock, check, systemClock } from '@regionkit/core/kit';
import {
  type CanonicalAlgorithm,
  canonicalAlgorithm,
  SESSION_ALGORITHMS,
  type SessionAlgorithm,
} from './algorithms.ts';
import type { ClaimRules } from './claims.ts';
import { type HeaderRules, normaliseType } from './compact.ts';
import type { SeveralTokens } from './credentials.ts';
import type { RevocationEpochs } from './epochs.ts';
import type { KeySource } from './keys/key-set.ts';
import type { RolesOption, Session } from './session.ts';
import type { FrozenObject, LargeIntegers } from './strict-json.ts';
import { bearer, type TokenSource } from './token-source.ts';

/** The second argument of `isRevoked`. */
export interface RevocationContext {
  /** Aborted when the verifier no longer waits for the answer. */
  readonly signal: AbortSignal;
}

export interface SessionVerifierOptions<Claims = FrozenObject> {
  /**
   * The public keys in any usual form, or a live value of them. A key without a `kid` gets its RFC 7638 thumbprint as
   * name; `{ 'their-kid': pem }` gives it another name.
   */
  readonly keys: KeySource | Live<KeySource>;
  /**
   * The algorithms that a token may be signed with. Only asymmetric ones are possible. Each key is used with one
   * algorithm.
   */
  readonly algorithms: readonly SessionAlgorithm[];
  /** `iss` must equal this, or one of these. `null`: not checked. */
  readonly issuer: string | readonly string[] | null;
  /** `aud` must contain this, or one of these. `null`: not checked. */
  readonly audience: string | readonly string[] | null;
  /**
   * `typ` must equal this, or one of these (RFC 8725 section 3.11). A token without `typ` counts as `JWT`. `null`: not
   * checked. @default 'JWT'
   */
  readonly type?: string | readonly string[] | null;
  /** The longest allowed time from `iat` to `exp`, in milliseconds. `null`: not checked. @default 86_400_000 */
  readonly maxLifetimeMs?: number | null;
  /** How far the clocks of issuer and verifier may differ, in milliseconds. @default 5_000 */
  readonly clockToleranceMs?: number;
  /** Longer tokens are refused without reading them. In bytes. @default 8_192 */
  readonly maxTokenBytes?: number;
  /** Where a request may carry a token. @default [bearer()] */
  readonly from?: readonly TokenSource[];
  /**
   * What happens to a request with several different tokens. Equal tokens count once. `reject` answers 400.
   * `only-valid` uses the one valid token if all others are invalid, and answers 400 if two are valid: an attacker who
   * plants a cookie from another subdomain cannot lock a user out with a cookie that is not a session. @default
   * 'reject'
   */
  readonly severalTokens?: SeveralTokens;
  /** A Standard Schema for the claims. Its output becomes `session.claims`. */
  readonly claims?: StandardSchema<unknown, Claims>;
  /**
   * What happens to integers beyond 2^53 in the claims. Some providers use such ids. JavaScript cannot hold them
   * exactly, so two of them can become one. `reject`: the token is `not-json`. `round`: they are rounded as by
   * `JSON.parse`, so do not use such a claim. @default 'reject'
   */
  readonly largeIntegers?: LargeIntegers;
  /** Where the roles are: the name of a claim, or a function of all claims. @default 'roles' */
  readonly roles?: RolesOption;
  /** How verified tokens are remembered. */
  readonly cache?: SessionCacheOptions;
  /** Revocation epochs: a session that was issued at or before its epoch has ended. See {@link signOut}. */
  readonly notBefore?: RevocationEpochs | Live<RevocationEpochs>;
  /**
   * Called on every verification, also for a remembered token. The answer is 503 if it throws, returns anything but a
   * boolean, or takes longer than `hookTimeoutMs`.
   */
  readonly isRevoked?: (session: Session<Claims>, context: RevocationContext) => boolean | Promise<boolean>;
  /** The longest time for `isRevoked` and for an asynchronous schema, in milliseconds. @default 1_000 */
  readonly hookTimeoutMs?: number;
  /** How a token with an unknown key triggers a refresh of the keys. @default { cooldownMs: 30_000, waitMs: 1_000 } */
  readonly unknownKey?: { readonly cooldownMs?: number; readonly waitMs?: number };
  /** How a JWKS is fetched from its URL. */
  readonly remote?: RemoteKeysOptions;
  /** The `realm` of challenges (RFC 9110 section 11.5). @default 'api' */
  readonly realm?: string;
  /**
   * What `require()` does with a CORS preflight. Use `reject` if CORS is mounted before the doors and answers
   * preflights itself. `pass` hands a preflight to the handler behind the door: any client that sends `OPTIONS` with
   * `Origin` and `Access-Control-Request-Method` then reaches this handler without a session. @default 'reject'
   */
  readonly preflight?: 'pass' | 'reject';
  /** Allows a JWKS over plain http from hosts that are not loopback. Never in production. @default false */
  readonly development?: boolean;
  readonly clock?: Clock;
}

/** How verified tokens are remembered. */
export interface SessionCacheOptions {
  /** The largest number of remembered tokens. 0: none. @default 10_000 */
  readonly max?: number;
  /**
   * What finds a remembered token. `digest`: its SHA-256, so the cache contains no tokens; an open connection holds
   * its last one. `token`: the token itself. The check takes about 0.6 of the time and needs more memory, by the length
   * of each token. An attacker who reads the memory of this process, such as a heap snapshot, can use every remembered
   * session until it ends. @default 'digest'
   */
  readonly keep?: 'digest' | 'token';
}

export interface RemoteKeysOptions {
  /** Time between two fetches, in milliseconds. @default 600_000 */
  readonly everyMs?: number;
  /** Time until the next fetch after a failed one, in milliseconds. @default 10_000 */
  readonly retryMs?: number;
  /** The longest time of one fetch with its body, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number;
  /** The longest accepted body, in bytes. @default 262_144 */
  readonly maxBytes?: number;
  /**
   * How long the last good keys stay in use while the URL does not confirm them, in milliseconds. After that every
   * request with a session gets 503. The event `keys-rejected` reports each failed fetch, long before. `null`: keys
   * never expire; then a thief of a key who also blocks our way to the URL can sign in for ever. At least twice
   * `everyMs`. @default 604_800_000
   */
  readonly maxStaleMs?: number | null;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

const DEFAULTS = {
  type: 'JWT',
  realm: 'api',
  integers: { maxLifetimeMs: 86_400_000, clockToleranceMs: 5_000, maxTokenBytes: 8_192, hookTimeoutMs: 1_000 },
  cache: { max: 10_000 },
  unknownKey: { cooldownMs: 30_000, waitMs: 1_000 },
  remote: { everyMs: 600_000, retryMs: 10_000, timeoutMs: 5_000, maxBytes: 262_144, maxStaleMs: 604_800_000 },
} as const;

/** The checked options with all defaults. */
export interface VerifierRules {
  readonly header: HeaderRules;
  readonly claims: ClaimRules;
  readonly clockToleranceMs: number;
  readonly maxTokenBytes: number;
  readonly cache: Required<SessionCacheOptions>;
  readonly hookTimeoutMs: number;
  readonly unknownKey: { readonly cooldownMs: number; readonly waitMs: number };
  readonly remote: Required<Omit<RemoteKeysOptions, 'maxStaleMs'>>;
  readonly maxStaleMs: number;
  readonly roles: RolesOption;
  readonly from: readonly TokenSource[];
  readonly severalTokens: SeveralTokens;
  readonly realm: string;
  readonly preflight: 'pass' | 'reject';
  readonly development: boolean;
  readonly clock: Clock;
}

const NAME = 'createSessionVerifier';
const REALM = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/;
const MAX_DELAY_MS = 2_147_483_647;
const OPTIONS = [
  'keys',
  'algorithms',
  'issuer',
  'audience',
  'type',
  'maxLifetimeMs',
  'clockToleranceMs',
  'maxTokenBytes',
  'from',
  'severalTokens',
  'claims',
  'largeIntegers',
  'roles',
  'cache',
  'notBefore',
  'isRevoked',
  'hookTimeoutMs',
  'unknownKey',
  'remote',
  'realm',
  'preflight',
  'development',
  'clock',
] as const satisfies readonly (keyof SessionVerifierOptions)[];

/** @throws {TypeError | RangeError} An option is missing, unknown, of the wrong type or out of range. */
export function checkOptions<Claims>(options: SessionVerifierOptions<Claims>): VerifierRules {
  check.object(NAME, options, OPTIONS);
  const { isRevoked, claims, roles = 'roles', realm = DEFAULTS.realm } = options;
  const { cache = {}, remote = {}, unknownKey = {} } = options;
  if (isRevoked !== undefined) check.function(`${NAME}: isRevoked`, isRevoked);
  if (claims !== undefined && typeof claims?.['~standard']?.validate !== 'function') {
    throw new TypeError(`${NAME}: claims must be a Standard Schema`);
  }
  if (typeof roles !== 'function') check.string(`${NAME}: roles`, roles);
  if (!REALM.test(check.string(`${NAME}: realm`, realm))) {
    throw new RangeError(`${NAME}: realm must be printable ASCII without quotes and backslashes`);
  }
  check.object(`${NAME}: cache`, cache, ['max', 'keep']);
  check.object(`${NAME}: unknownKey`, unknownKey, ['cooldownMs', 'waitMs']);
  check.object(`${NAME}: remote`, remote, ['everyMs', 'retryMs', 'timeoutMs', 'maxBytes', 'maxStaleMs', 'fetch']);
  const { fetch = globalThis.fetch } = remote;
  const integer = integersOf('', options, DEFAULTS.integers);
  const unknownKeyInteger = integersOf('unknownKey.', unknownKey, DEFAULTS.unknownKey);
  const remoteInteger = integersOf('remote.', remote, DEFAULTS.remote);
  const everyMs = remoteInteger('everyMs', MAX_DELAY_MS, 1_000);
  check.function(`${NAME}: remote.fetch`, fetch);
  return {
    header: {
      algorithms: checkAlgorithms(options.algorithms),
      types:
        options.type === null
          ? undefined
          : new Set([...strings('type', options.type ?? DEFAULTS.type)].map(normaliseType)),
      largeIntegers: check.oneOf(`${NAME}: largeIntegers`, options.largeIntegers ?? 'reject', ['reject', 'round']),
    },
    claims: {
      issuers: options.issuer === null ? undefined : strings('issuer', options.issuer),
      audiences: options.audience === null ? undefined : strings('audience', options.audience),
      maxLifetimeMs: options.maxLifetimeMs === null ? undefined : integer('maxLifetimeMs', Number.MAX_SAFE_INTEGER, 1),
    },
    clockToleranceMs: integer('clockToleranceMs', 600_000),
    maxTokenBytes: integer('maxTokenBytes', 1_048_576, 64),
    cache: {
      max: integersOf('cache.', cache, DEFAULTS.cache)('max', 10_000_000),
      keep: check.oneOf(`${NAME}: cache.keep`, cache.keep ?? 'digest', ['digest', 'token']),
    },
    hookTimeoutMs: integer('hookTimeoutMs', MAX_DELAY_MS, 1),
    unknownKey: {
      cooldownMs: unknownKeyInteger('cooldownMs'),
      waitMs: unknownKeyInteger('waitMs'),
    },
    remote: {
      everyMs,
      retryMs: remoteInteger('retryMs', MAX_DELAY_MS, 100),
      timeoutMs: remoteInteger('timeoutMs', MAX_DELAY_MS, 1),
      maxBytes: remoteInteger('maxBytes', 16_777_216, 1_024),
      fetch,
    },
    maxStaleMs: checkStaleness(remote.maxStaleMs, everyMs),
    roles,
    from: checkSources(options.from ?? [bearer()]),
    severalTokens: check.oneOf(`${NAME}: severalTokens`, options.severalTokens ?? 'reject', ['reject', 'only-valid']),
    realm,
    preflight: check.oneOf(`${NAME}: preflight`, options.preflight ?? 'reject', ['pass', 'reject']),
    development: check.boolean(`${NAME}: development`, options.development ?? false),
    clock: check.clock(`${NAME}: clock`, options.clock ?? systemClock),
  };
}

/** Checks an integer by its name among `given`, or takes its default. */
function integersOf<Name extends string>(
  path: string,
  given: { readonly [N in NoInfer<Name>]?: number | null | undefined },
  defaults: Readonly<Record<Name, number>>,
) {
  return (name: Name, max = MAX_DELAY_MS, min = 0): number =>
    check.integer(`${NAME}: ${path}${name}`, given[name] ?? defaults[name], { min, max });
}

/** Keys must not expire between two successful fetches. */
function checkStaleness(given: number | null | undefined, everyMs: number): number {
  if (given === null) return Number.POSITIVE_INFINITY;
  const min = 2 * everyMs;
  return check.integer(`${NAME}: remote.maxStaleMs`, given ?? Math.max(DEFAULTS.remote.maxStaleMs, min), { min });
}

function checkAlgorithms(given: readonly SessionAlgorithm[]): ReadonlySet<CanonicalAlgorithm> {
  if (!Array.isArray(given))
    throw new TypeError(`${NAME}: algorithms must be a list of ${SESSION_ALGORITHMS.join(', ')}`);
  if (given.length === 0) throw new RangeError(`${NAME}: algorithms must not be empty`);
  return new Set(
    given.map(
      (name) => canonicalAlgorithm(check.oneOf(`${NAME}: algorithms`, name, SESSION_ALGORITHMS)) as CanonicalAlgorithm,
    ),
  );
}

function checkSources(given: readonly TokenSource[]): readonly TokenSource[] {
  if (!Array.isArray(given) || given.some((source) => typeof source?.read !== 'function')) {
    throw new TypeError(`${NAME}: from must be a list of token sources such as bearer() and cookie(name)`);
  }
  if (given.length === 0) throw new RangeError(`${NAME}: from must name at least one place`);
  return [...given];
}

/** `undefined` never means "not checked". Write `null` for that. */
function strings(name: string, given: string | readonly string[]): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw new RangeError(`${NAME}: ${name} must not be empty; null switches the check off`);
  return new Set(list.map((item) => check.string(`${NAME}: ${name} (null switches the check off)`, item)));
}
