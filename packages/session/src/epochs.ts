import { isLive, type Live, live } from '@regionkit/core';
import type { RegisteredClaims } from './claims.ts';

/**
 * Revocation without a store: everything issued until then is over. Times are in seconds since 1970, as in `iat`;
 * fractions count. Delivered to every region by configuration.
 */
export interface RevocationEpochs {
  /** Every session. */
  readonly all?: number;
  /** Every session of a subject. */
  readonly sub?: Readonly<Record<string, number>>;
  /** One session, by its `sid`. */
  readonly sid?: Readonly<Record<string, number>>;
  /** Every session signed with a key. */
  readonly kid?: Readonly<Record<string, number>>;
}

/** Whose sessions are to end. */
export type SignOutScope =
  | { readonly all: true }
  | { readonly sub: string }
  | { readonly sid: string }
  | { readonly kid: string };

/** Epochs made ready for looking up. */
interface EpochIndex {
  readonly all: number;
  readonly sub: ReadonlyMap<string, number>;
  readonly sid: ReadonlyMap<string, number>;
  readonly kid: ReadonlyMap<string, number>;
}

/** Tells whether a token was issued before the sessions it belongs to were ended. */
export interface EpochGuard {
  revokes(claims: RegisteredClaims, kid: string): boolean;
  close(): void;
}

const KINDS = ['sub', 'sid', 'kid'] as const;
const NO_EPOCHS: EpochIndex = { all: Number.NEGATIVE_INFINITY, sub: new Map(), sid: new Map(), kid: new Map() };
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
  if (given === undefined) return { revokes: () => false, close: () => {} };
  const source: Live<RevocationEpochs> = isLive<RevocationEpochs>(given) ? given : live(given);
  let seen: unknown;
  let index = NO_EPOCHS;
  const follow = (): void => {
    const next = source.current;
    if (next === seen) return;
    seen = next;
    index = indexEpochs(option, next);
  };
  const followSafely = (): void => {
    try {
      follow();
    } catch {
      onRejected();
    }
  };
  follow();
  const unsubscribe = source.subscribe(followSafely);
  return {
    revokes: ({ sub, sid, iat }, kid) => {
      followSafely();
      return (
        iat <= index.all ||
        iat <= (index.sub.get(sub) ?? Number.NEGATIVE_INFINITY) ||
        iat <= (index.kid.get(kid) ?? Number.NEGATIVE_INFINITY) ||
        (sid !== undefined && iat <= (index.sid.get(sid) ?? Number.NEGATIVE_INFINITY))
      );
    },
    close: unsubscribe,
  };
}

/**
 * The epochs after a sign-out: what to store where the configuration comes from. Leaves `epochs` as it is.
 *
 * ```ts
 * const next = signOut(epochs, { sub: 'alice' });
 * ```
 *
 * @param options.nowMs when, in milliseconds since 1970: `Date.now()` if left out
 * @param options.forgetAfterMs epochs older than this are left out of the result, for no session of that time is still
 * valid: the `maxLifetimeMs` of the verifiers, and some more for clocks that differ. Kept for ever if left out.
 */
export function signOut(
  epochs: RevocationEpochs,
  scope: SignOutScope,
  options: { readonly nowMs?: number; readonly forgetAfterMs?: number } = {},
): RevocationEpochs {
  const { nowMs = Date.now(), forgetAfterMs = Number.POSITIVE_INFINITY } = options;
  const current = indexEpochs('signOut: epochs', epochs);
  const now = nowMs / 1_000;
  const forgotten = (nowMs - forgetAfterMs) / 1_000;
  const next: {
    all?: number;
    sub?: Record<string, number>;
    sid?: Record<string, number>;
    kid?: Record<string, number>;
  } = {};
  const all = 'all' in scope ? now : current.all;
  if (all > forgotten && Number.isFinite(all)) next.all = all;
  for (const kind of KINDS) {
    const kept = new Map([...current[kind]].filter(([, epoch]) => epoch > forgotten));
    const name = (scope as Partial<Record<typeof kind, string>>)[kind];
    if (name !== undefined) kept.set(name, now);
    if (kept.size > 0) next[kind] = Object.fromEntries(kept);
  }
  return next;
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
    all: epochs.all === undefined ? NO_EPOCHS.all : checkEpoch(`${option}.all`, epochs.all),
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
