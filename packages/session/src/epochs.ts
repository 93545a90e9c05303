import { type Live, toLive } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { RegisteredClaims } from './claims.ts';

/**
 * Revocation without a store: everything issued until then is over. Times are in seconds since 1970, as in `iat`;
 * fractions count. Delivered to every region by configuration.
 */
export interface RevocationEpochs {
  /** Every session. */
  readonly all?: number | undefined;
  /** Every session of a subject. */
  readonly sub?: Readonly<Record<string, number>> | undefined;
  /** One session, by its `sid`. */
  readonly sid?: Readonly<Record<string, number>> | undefined;
  /** Every session signed with a key. */
  readonly kid?: Readonly<Record<string, number>> | undefined;
}

/** Whose sessions are to end. */
export type SignOutScope =
  | { readonly all: true }
  | { readonly sub: string }
  | { readonly sid: string }
  | { readonly kid: string };

/** Epochs made ready for looking up. */
interface EpochIndex {
  readonly all: number | undefined;
  readonly sub: ReadonlyMap<string, number>;
  readonly sid: ReadonlyMap<string, number>;
  readonly kid: ReadonlyMap<string, number>;
}

/** Tells whether a token was issued before the sessions it belongs to were ended. */
export interface EpochGuard {
  /** Why a token is refused; undefined if it is not. `unavailable`: the live value withholds the epochs. */
  refuses(claims: RegisteredClaims, kid: string): 'revoked' | 'unavailable' | undefined;
  close(): void;
}

const KINDS = ['sub', 'sid', 'kid'] as const;
/** Names that config refuses in a value, since they reach a prototype or undo its redaction. */
const UNSPEAKABLE = new Set(['__proto__', 'toJSON']);
const NO_EPOCHS: EpochIndex = { all: undefined, sub: new Map(), sid: new Map(), kid: new Map() };
// The year 5138: any later time is one in milliseconds.
const MAX_SECONDS = 100_000_000_000;

/**
 * Reads the epochs each time they change. Epochs that turn bad leave the last good ones in force.
 *
 * @throws {TypeError | RangeError} The epochs there are at the start are malformed.
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
 * The epochs after a sign-out: what to store where the configuration comes from. Leaves `epochs` as it is, and never
 * makes one earlier: a sign-out by a slower clock does not bring back what another has ended.
 *
 * Store the result only if nobody else has stored another meanwhile (compare and set), and begin again otherwise: of two
 * sign-outs that read the same epochs, the later `put` would undo the earlier.
 *
 * ```ts
 * const next = signOut(epochs, { sub: 'alice' });
 * ```
 *
 * @throws {TypeError | RangeError} The scope names nobody, or somebody by a name that no configuration can carry:
 * `__proto__` and `toJSON` are refused in it, and a single sign-out of that name would hold up all that follow.
 * @param options.nowMs when, in milliseconds since 1970: `Date.now()` if left out
 * @param options.forgetAfterMs epochs older than this are left out of the result, for no session of that time is still
 * valid: the `maxLifetimeMs` of the verifiers, and some more for clocks that differ. Kept for ever if left out.
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

/** A sign-out that ends nothing would look like one that worked. */
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
    if (UNSPEAKABLE.has(check.string(`signOut: scope.${kind}`, name))) {
      throw new RangeError(`signOut: scope.${kind} must not be __proto__ or toJSON`);
    }
  }
  return scope;
}

function indexEpochs(option: string, epochs: RevocationEpochs): EpochIndex {
  if (typeof epochs !== 'object' || epochs === null || Array.isArray(epochs)) {
    throw new TypeError(`${option} must be an object of epochs`);
  }
  const stranger = Object.keys(epochs).find((key) => key !== 'all' && !(KINDS as readonly string[]).includes(key));
  if (stranger !== undefined) throw new TypeError(`${option} takes all, sub, sid and kid; it has something else`);
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
