import type { Live, StandardSchema } from '@regionkit/core';
import {
  type Clock,
  check,
  group,
  integer,
  type OptionCheck,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  systemClock,
  unchecked,
  withDefault,
} from '@regionkit/core/kit';
import {
  type CanonicalAlgorithm,
  canonicalAlgorithm,
  SESSION_ALGORITHMS,
  type SessionAlgorithm,
} from './algorithms.ts';
import type { ClaimRules } from './claims.ts';
import { type HeaderRules, normaliseType } from './compact.ts';
import type { RevocationEpochs } from './epochs.ts';
import type { KeySource } from './keys/key-set.ts';
import { type RemoteKeysOptions, type RemoteRules, remoteOptions } from './keys/remote-options.ts';
import { milliseconds } from './milliseconds.ts';
import type { RolesOption, Session } from './session.ts';
import type { FrozenObject, LargeIntegers } from './strict-json.ts';
import { bearer, type SeveralTokens, type TokenSource } from './token-source.ts';

/** The second argument of `isRevoked`. */
export interface RevocationContext {
  /** Aborted when the verifier no longer waits for the answer. */
  readonly signal: AbortSignal;
}

export interface SessionVerifierOptions<Claims = FrozenObject> {
  /**
   * The public keys in any usual form, or a live value of them. A key without a `kid` gets its
   * [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638) thumbprint as name; `{ 'their-kid': pem }` gives it another
   * name.
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
   * `typ` must equal this, or one of these
   * ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)). A token without `typ` counts as
   * `JWT`. `null`: not checked. @default 'JWT'
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
  /**
   * The `realm` of challenges ([RFC 9110 section 11.5](https://www.rfc-editor.org/rfc/rfc9110#section-11.5)). @default
   * 'api'
   */
  readonly realm?: string;
  /**
   * What `require()` does with a CORS preflight. Use `reject` if CORS is mounted before the doors and answers
   * preflights itself. `pass` hands a preflight to the handler after the door: any client that sends `OPTIONS` with
   * `Origin` and `Access-Control-Request-Method` then reaches this handler without a session. @default 'reject'
   */
  readonly preflight?: 'pass' | 'reject';
  /** Allows a JWKS over plain http from hosts that are not loopback. Never in production. @default false */
  readonly development?: boolean;
  readonly clock?: Clock;
}

/** How verified tokens are remembered. */
export interface SessionCacheOptions {
  /**
   * The largest number of remembered tokens. 0: none. Up to 256 tokens that have expired since are remembered in addition, so
   * that they are refused without another check of the signature. @default 10_000
   */
  readonly max?: number;
  /**
   * What finds a remembered token. `digest`: its SHA-256, so the cache contains no tokens; an open connection keeps
   * its last one. `token`: the token itself. The check then takes about 0.6 of the time. It needs more memory, by the length
   * of each token. An attacker who reads the memory of this process, such as a heap snapshot, can use every remembered
   * session until it ends. @default 'digest'
   */
  readonly keep?: 'digest' | 'token';
}

/** The checked options with all defaults. */
export interface VerifierRules {
  readonly header: HeaderRules;
  readonly claims: ClaimRules;
  readonly clockToleranceMs: number;
  readonly maxTokenBytes: number;
  readonly cache: Required<SessionCacheOptions>;
  readonly hookTimeoutMs: number;
  readonly unknownKey: UnknownKeyRules;
  readonly remote: RemoteRules;
  readonly roles: RolesOption;
  readonly from: readonly TokenSource[];
  readonly severalTokens: SeveralTokens;
  readonly realm: string;
  readonly preflight: 'pass' | 'reject';
  readonly development: boolean;
  readonly clock: Clock;
}
type UnknownKeyRules = Required<NonNullable<SessionVerifierOptions['unknownKey']>>;

const NAME = 'createSessionVerifier';
const REALM = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** The options as they are read, one by one. */
interface Read extends Omit<VerifierRules, 'header' | 'claims'> {
  readonly keys: unknown;
  readonly algorithms: HeaderRules['algorithms'];
  readonly issuer: ClaimRules['issuers'];
  readonly audience: ClaimRules['audiences'];
  readonly type: HeaderRules['types'];
  readonly maxLifetimeMs: ClaimRules['maxLifetimeMs'];
  readonly claims: StandardSchema<unknown> | undefined;
  readonly largeIntegers: LargeIntegers;
  readonly notBefore: unknown;
  readonly isRevoked: unknown;
}

/** `null` switches a check off. */
const unlessNull =
  <Setting>(whenGiven: OptionCheck<Setting>): OptionCheck<Setting | undefined> =>
  (option, given) =>
    given === null ? undefined : whenGiven(option, given);

const OPTIONS: OptionTable<Read> = {
  // Checked where they are made into keys.
  keys: unchecked,
  algorithms: checkAlgorithms,
  issuer: unlessNull(strings),
  audience: unlessNull(strings),
  type: unlessNull(withType),
  maxLifetimeMs: unlessNull(milliseconds(86_400_000, 1, Number.MAX_SAFE_INTEGER)),
  clockToleranceMs: milliseconds(5_000, 0, 600_000),
  maxTokenBytes: integer(8_192, { min: 64, max: 1_048_576 }),
  from: checkSources,
  severalTokens: oneOf('reject', ['reject', 'only-valid']),
  claims: optional(checkSchema),
  largeIntegers: oneOf('reject', ['reject', 'round']),
  roles: withDefault<RolesOption>('roles', (option, given) =>
    typeof given === 'function' ? given : check.string(option, given),
  ),
  cache: group({
    max: integer(10_000, { max: 10_000_000 }),
    keep: oneOf('digest', ['digest', 'token']),
  }),
  // Checked where they are read.
  notBefore: unchecked,
  isRevoked: optional((option, given: () => unknown) => check.function(option, given)),
  hookTimeoutMs: milliseconds(1_000, 1),
  unknownKey: group({ cooldownMs: milliseconds(30_000), waitMs: milliseconds(1_000) }),
  remote: remoteOptions,
  realm: withDefault('api', checkRealm),
  preflight: oneOf('reject', ['pass', 'reject']),
  development: withDefault<boolean>(false, check.boolean),
  clock: withDefault(systemClock, check.clock),
};

/** @throws {TypeError | RangeError} An option is missing, unknown, of the wrong type or out of range. */
export function checkOptions<Claims>(given: SessionVerifierOptions<Claims>): VerifierRules {
  const { algorithms, issuer, audience, type, maxLifetimeMs, largeIntegers, ...rules } = readOptions(
    NAME,
    `${NAME}: `,
    given,
    OPTIONS,
  );
  return {
    ...rules,
    header: { algorithms, types: type, largeIntegers },
    claims: { issuers: issuer, audiences: audience, maxLifetimeMs },
  };
}

function checkRealm(option: string, given: string): string {
  if (REALM.test(check.string(option, given))) return given;
  throw new RangeError(`${option} must be printable ASCII without quotes and backslashes`);
}

function checkSchema(option: string, given: StandardSchema<unknown>): StandardSchema<unknown> {
  if (typeof given?.['~standard']?.validate === 'function') return given;
  throw new TypeError(`${option} must be a Standard Schema`);
}

function checkAlgorithms(option: string, given: readonly SessionAlgorithm[]): ReadonlySet<CanonicalAlgorithm> {
  if (!Array.isArray(given)) throw new TypeError(`${option} must be a list of ${SESSION_ALGORITHMS.join(', ')}`);
  if (given.length === 0) throw new RangeError(`${option} must not be empty`);
  return new Set(
    given.map((name) => canonicalAlgorithm(check.oneOf(option, name, SESSION_ALGORITHMS)) as CanonicalAlgorithm),
  );
}

function checkSources(option: string, given: readonly TokenSource[] = [bearer()]): readonly TokenSource[] {
  if (!Array.isArray(given) || given.some((source) => typeof source?.read !== 'function')) {
    throw new TypeError(`${option} must be a list of token sources such as bearer() and cookie(name)`);
  }
  if (given.length === 0) throw new RangeError(`${option} must name at least one place`);
  return [...given];
}

function withType(option: string, given: string | readonly string[] = 'JWT'): ReadonlySet<string> {
  return new Set([...strings(option, given)].map(normaliseType));
}

/** `undefined` never means "not checked". Write `null` for that. */
function strings(option: string, given: string | readonly string[]): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw new RangeError(`${option} must not be empty; null switches the check off`);
  return new Set(list.map((item) => check.string(`${option} (null switches the check off)`, item)));
}
