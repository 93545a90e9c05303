import { type Live, toLive } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { RegisteredClaims } from './claims.ts';

/**
 * Revocation without a store: a session that was issued at or before its epoch has ended. Times are in seconds since
 * 1970, as in `iat`, and may have fractions. Deliver the epochs to every region as configuration.
 */
export interface RevocationEpochs {
  /** Ends every session. */
  readonly all?: number | undefined;
  /** Ends every session of a subject, by `sub`. */
  readonly sub?: Readonly<Record<string, number>> | undefined;
  /** Ends one session, by `sid`. */
  readonly sid?: Readonly<Record<string, number>> | undefined;
  /** Ends every session that was signed with a key, by `kid`. */
  readonly kid?: Readonly<Record<string, number>> | undefined;
}

/** Which sessions a sign-out ends. */
export type SignOutScope =
  | { readonly all: true }
  | { readonly sub: string }
  | { readonly sid: string }
  | { readonly kid: string };

/** Epochs in a form that is fast to look up. */
interface EpochIndex {
  readonly all: number | undefined;
  readonly sub: ReadonlyMap<string, number>;
  readonly sid: ReadonlyMap<string, number>;
  readonly kid: ReadonlyMap<string, number>;
}

/** Decides whether a token was issued before its sessions were ended. */
export interface EpochGuard {
  /** Why a token is refused; undefined if it is accepted. `unavailable`: reading the live value of the epochs threw. */
  refuses(claims: RegisteredClaims, kid: string): 'revoked' | 'unavailable' | undefined;
  close(): void;
}

const KINDS = ['sub', 'sid', 'kid'] as const;
/** Config refuses these names in a value, because they reach a prototype or undo its redaction. */
const FORBIDDEN_NAMES = new Set(['__proto__', 'toJSON']);
const NO_EPOCHS: EpochIndex = { all: undefined, sub: new Map(), sid: new Map(), kid: new Map() };
// The year 5138. A larger number is a time in milliseconds.
const MAX_SECONDS = 100_000_000_000;

/**
 * Reads the epochs each time they change. If new epochs are malformed, the last good ones stay in force.
 *
 * @throws {TypeError | RangeError} The epochs at the start are malformed.
 */
export function createEpochGuard(
  option: string,
  given: RevocationEpochs | Live<RevocationEpochs> | undefined,
  onRejected: () => void,
): EpochGuard {
  if (given === undefined) return { refuses: () => undefined, close: () => {} };
  const source = toLive(given);
  let seen: unknown;
  let index = NO_EPOCHS;
  const follow = (next: RevocationEpochs): void => {
    if (next === seen) return;
    seen = next;
    index = indexEpochs(option, next);
  };
  const followSafely = (next: RevocationEpochs): void => {
    try {
      follow(next);
    } catch {
      onRejected();
    }
  };
  const endedBy = (epoch: number | undefined, iat: number): boolean => epoch !== undefined && iat <= epoch;

  follow(source.current);
  return {
    refuses: ({ sub, sid, iat }, kid) => {
      try {
        followSafely(source.current);
      } catch {
        return 'unavailable';
      }
      const ended =
        endedBy(index.all, iat) ||
        endedBy(index.sub.get(sub), iat) ||
        endedBy(index.kid.get(kid), iat) ||
        (sid !== undefined && endedBy(index.sid.get(sid), iat));
      return ended ? 'revoked' : undefined;
    },
    close: source.subscribe(followSafely),
  };
}

/**
 * Returns the epochs after a sign-out. Store the result where your configuration comes from. `epochs` itself does not
 * change. An epoch never moves back: a sign-out on a slower clock does not bring back sessions that another sign-out
 * has ended.
 *
 * Store the result with compare-and-set, and start again if another process has stored a result meanwhile. Otherwise,
 * of two sign-outs that read the same epochs, the later write undoes the earlier one.
 *
 * @example
 * ```ts
 * const next = signOut(epochs, { sub: 'alice' }, { forgetAfterMs: 2 * 86_400_000 });
 * ```
 *
 * @param options.nowMs the time of the sign-out, in milliseconds since 1970. Default: `Date.now()`
 * @param options.forgetAfterMs leaves out epochs that are older than this, in milliseconds. Use the `maxLifetimeMs` of
 * the verifiers plus some time for clocks that differ: no older session is still valid. Default: keep every epoch
 * @throws {RangeError} The scope is empty, or its name is `__proto__` or `toJSON`. Configuration cannot carry these two
 * names, so one such sign-out would block all later ones.
 * @throws {TypeError | RangeError} `epochs` or an option is malformed.
 */
export function signOut(
  epochs: RevocationEpochs,
  scope: SignOutScope,
  options: { readonly nowMs?: number; readonly forgetAfterMs?: number } = {},
): RevocationEpochs {
  check.object('signOut: options', options, ['nowMs', 'forgetAfterMs']);
  const { nowMs = Date.now(), forgetAfterMs = Number.POSITIVE_INFINITY } = options;
  const now = checkEpoch('signOut: nowMs / 1_000', nowMs / 1_000);
  check.number('signOut: forgetAfterMs', forgetAfterMs, { max: Number.POSITIVE_INFINITY });
  const ending = namesOf(scope);
  const current = indexEpochs('signOut: epochs', epochs);
  const forgotten = (nowMs - forgetAfterMs) / 1_000;
  const next: { -readonly [Kind in keyof RevocationEpochs]: RevocationEpochs[Kind] } = {};
  const all = ending.all === true ? latest(now, current.all) : current.all;
  if (all !== undefined && all > forgotten) next.all = all;
  for (const kind of KINDS) {
    const kept = new Map([...current[kind]].filter(([, epoch]) => epoch > forgotten));
    const name = ending[kind];
    if (name !== undefined) kept.set(name, latest(now, current[kind].get(name)));
    if (kept.size > 0) next[kind] = Object.fromEntries(kept);
  }
  return next;
}

const latest = (now: number, before = now): number => Math.max(now, before);

/** A sign-out with an empty scope ends nothing, but would look like one that worked. */
function namesOf(
  scope: SignOutScope,
): { readonly all?: true } & { readonly [Kind in (typeof KINDS)[number]]?: string } {
  check.object('signOut: scope', scope);
  if (Object.keys(scope).length === 0) throw new RangeError('signOut: scope must have one of all, sub, sid and kid');
  for (const [kind, name] of Object.entries(scope)) {
    if (kind === 'all') {
      if (name !== true) throw new TypeError('signOut: scope.all must be true');
      continue;
    }
    check.oneOf('signOut: scope', kind, ['all', ...KINDS]);
    if (FORBIDDEN_NAMES.has(check.string(`signOut: scope.${kind}`, name))) {
      throw new RangeError(`signOut: scope.${kind} must not be __proto__ or toJSON`);
    }
  }
  return scope;
}

function indexEpochs(option: string, epochs: RevocationEpochs): EpochIndex {
  if (typeof epochs !== 'object' || epochs === null || Array.isArray(epochs)) {
    throw new TypeError(`${option} must be an object of epochs`);
  }
  const unknownKey = Object.keys(epochs).find((key) => key !== 'all' && !(KINDS as readonly string[]).includes(key));
  if (unknownKey !== undefined) throw new TypeError(`${option} takes all, sub, sid and kid; it has something else`);
  const mapOf = (kind: (typeof KINDS)[number]): ReadonlyMap<string, number> => {
    const given = epochs[kind] ?? {};
    if (typeof given !== 'object' || Array.isArray(given)) throw new TypeError(`${option}.${kind} must be an object`);
    return new Map(Object.entries(given).map(([name, epoch]) => [name, checkEpoch(`${option}.${kind}`, epoch)]));
  };
  return {
    all: epochs.all === undefined ? undefined : checkEpoch(`${option}.all`, epochs.all),
    sub: mapOf('sub'),
    sid: mapOf('sid'),
    kid: mapOf('kid'),
  };
}

function checkEpoch(option: string, epoch: unknown): number {
  if (typeof epoch !== 'number' || Number.isNaN(epoch)) throw new TypeError(`${option} must be in seconds since 1970`);
  if (epoch < 0 || epoch > MAX_SECONDS) {
    throw new RangeError(`${option} must be in seconds since 1970, not milliseconds; got ${epoch}`);
  }
  return epoch;
}
