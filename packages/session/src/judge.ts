import { hash } from 'node:crypto';
import type { StandardResult } from '@regionkit/core';
import { createRecentCache } from '@regionkit/core/kit';
import { checkTime, type RegisteredClaims, readClaims } from './claims.ts';
import { type CompactToken, readCompact } from './compact.ts';
import type { EpochGuard } from './epochs.ts';
import type { InvalidTokenReason } from './errors.ts';
import type { KeySet, VerificationKey } from './keys/key-set.ts';
import type { KeyStore } from './keys/key-store.ts';
import type { SessionVerifierOptions, VerifierRules } from './options.ts';
import { createSession, frozenCopy, readRoles, type Session } from './session.ts';
import { checkSignature } from './signature.ts';
import type { FrozenObject } from './strict-json.ts';
import { within } from './within.ts';

/** Why a token gives no session. */
type Refusal = InvalidTokenReason | 'unavailable';
/** The session of a token, or the reason why there is none. */
export type Judgement<Claims> = Session<Claims> | Refusal;

/** Judges tokens. A remembered token is judged at once; a new one is verified first. Never throws and never rejects. */
export interface Judge<Claims> {
  (token: unknown): Judgement<Claims> | Promise<Judgement<Claims>>;
  /** Forgets the tokens of all keys that are not in this set. */
  forgetAllBut(keys: KeySet): void;
  counts(): { readonly size: number; readonly hits: number; readonly verified: number };
}

/** A token with a valid signature and valid claims. It stays valid as long as its key is in use. */
interface VerifiedToken<Claims> {
  readonly key: VerificationKey;
  readonly registered: RegisteredClaims;
  readonly roles: ReadonlySet<string>;
  readonly claims: FrozenObject;
  /** Undefined if the schema made a value that cannot be shared. Then each request gets a new session. */
  readonly session: Session<Claims> | undefined;
}

export interface JudgeOptions<Claims> {
  readonly rules: VerifierRules;
  readonly keys: KeyStore;
  readonly epochs: EpochGuard;
  readonly schema: SessionVerifierOptions<Claims>['claims'];
  readonly isRevoked: SessionVerifierOptions<Claims>['isRevoked'];
}

const MAX_FLIGHTS = 10_000;
const MAX_ROUNDS = 3;

export function createJudge<Claims>(options: JudgeOptions<Claims>): Judge<Claims> {
  const { rules, keys, epochs, schema, isRevoked } = options;
  const { clock, clockToleranceMs, maxTokenBytes, hookTimeoutMs } = rules;
  const cache = createRecentCache<VerifiedToken<Claims>>(rules.cacheMax);
  const inFlight = new Map<string, Promise<VerifiedToken<Claims> | Refusal>>();
  let hits = 0;
  let verified = 0;

  const judge = (token: unknown, round = 0): Judgement<Claims> | Promise<Judgement<Claims>> => {
    if (typeof token !== 'string') return 'not-compact';
    if (token.length > maxTokenBytes) return 'too-large';
    keys.current();
    // A key that is gone must not verify while the newer ones are vetted.
    if (keys.vetting !== undefined) {
      return round < MAX_ROUNDS ? keys.vetting.then(() => judge(token, round + 1)) : 'unavailable';
    }
    // The digest identifies the token, so that a memory dump contains no tokens.
    const digest = hash('sha256', token, 'binary');
    const known = cache.get(digest);
    if (known === undefined || !keys.holds(known.key)) return judgeUnknown(digest, token);
    hits += 1;
    const judgement = present(known);
    if (judgement === 'expired') cache.delete(digest);
    return judgement;
  };

  const judgeUnknown = (digest: string, token: string): Refusal | Promise<Judgement<Claims>> => {
    let flight = inFlight.get(digest);
    if (flight === undefined) {
      if (inFlight.size >= MAX_FLIGHTS) return 'unavailable';
      const compact = readCompact(token, rules.header);
      if (typeof compact === 'string') return compact;
      flight = authenticate(digest, compact)
        .catch((): Refusal => 'unavailable')
        .finally(() => inFlight.delete(digest));
      inFlight.set(digest, flight);
    }
    return flight.then((outcome) => (typeof outcome === 'string' ? outcome : present(outcome)));
  };

  /** Verifies a token once for all requests that present it at the same time. */
  const authenticate = async (digest: string, compact: CompactToken): Promise<VerifiedToken<Claims> | Refusal> => {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const key = await findKey(compact);
      if (typeof key === 'string') return key;
      if (key.algorithm !== compact.algorithm) return 'algorithm';
      const signature = await checkSignature(compact, key);
      const outcome = signature === 'good' ? await accept(compact, key) : signature;
      keys.current();
      await keys.vetting;
      keys.current();
      // The key was removed while this waited. Judge again by the current keys.
      if (keys.vetting !== undefined || !keys.holds(key)) continue;
      if (typeof outcome !== 'string') {
        verified += 1;
        cache.set(digest, outcome);
      }
      return outcome;
    }
    return 'unavailable';
  };

  const findKey = async ({ kid, algorithm }: CompactToken): Promise<VerificationKey | Refusal> => {
    if (keys.current() === undefined) await keys.waitForFirst();
    const set = keys.current();
    if (set === undefined) return 'unavailable';
    if (kid === undefined) {
      const fitting = [...set.byKid.values()].filter((key) => key.algorithm === algorithm);
      if (fitting.length === 0) return 'algorithm';
      return fitting.length === 1 ? (fitting[0] as VerificationKey) : 'key-id';
    }
    const key = set.byKid.get(kid);
    if (key !== undefined) return key;
    const areAll = await keys.refreshForUnknown();
    const newer = keys.current()?.byKid.get(kid);
    // A client that gets 401 signs its user out. Do not answer 401 for a key that may exist.
    return newer ?? (areAll ? 'unknown-key' : 'unavailable');
  };

  const accept = async (compact: CompactToken, key: VerificationKey): Promise<VerifiedToken<Claims> | Refusal> => {
    const { claims } = compact;
    const registered = readClaims(claims, rules.claims);
    if (typeof registered === 'string') return registered;
    const untimely = checkTime(registered, clock.wallMs(), clockToleranceMs);
    if (untimely !== undefined) return untimely;
    let roles: ReadonlySet<string> | undefined;
    try {
      roles = readRoles(claims, rules.roles);
    } catch {
      return 'unavailable';
    }
    if (roles === undefined) return 'claims';
    const base = { key, registered, roles, claims, session: undefined };
    const session = await shape(base);
    if (typeof session === 'string') return session;
    if (session.claims === claims) return { ...base, session };
    const copy = frozenCopy(session.claims);
    if (copy === undefined) return base;
    return { ...base, session: createSession(registered, key.kid, roles, copy.value as Claims) };
  };

  /** Makes the session of a verified token, with the output of the schema if there is one. */
  const shape = (token: VerifiedToken<Claims>): Judgement<Claims> | Promise<Judgement<Claims>> => {
    const { registered, roles, key, claims } = token;
    if (schema === undefined) return createSession(registered, key.kid, roles, claims as Claims);
    const conclude = (result: StandardResult<Claims>): Judgement<Claims> => {
      return result.issues === undefined ? createSession(registered, key.kid, roles, result.value) : 'schema';
    };
    try {
      const result = schema['~standard'].validate(claims);
      if (!isPromiseLike(result)) return conclude(result);
      const late = within(Promise.resolve(result).then(conclude), hookTimeoutMs, clock);
      return late.then((end) => (end.state === 'done' ? end.value : 'unavailable'));
    } catch {
      return 'unavailable';
    }
  };

  /** The checks that run each time a verified token is presented. */
  const present = (token: VerifiedToken<Claims>): Judgement<Claims> | Promise<Judgement<Claims>> => {
    const nowMs = clock.wallMs();
    const untimely = checkTime(token.registered, nowMs, clockToleranceMs);
    if (untimely !== undefined) return untimely;
    const ended = epochs.refuses(token.registered, token.key.kid);
    if (ended !== undefined) return ended;
    count(token, nowMs);
    const session = token.session ?? shape(token);
    if (isRevoked === undefined || typeof session === 'string') return session;
    if (!isPromiseLike(session)) return askHook(session);
    return session.then((late) => (typeof late === 'string' ? late : askHook(late)));
  };

  const askHook = (session: Session<Claims>): Judgement<Claims> | Promise<Judgement<Claims>> => {
    const hook = lazySignal();
    try {
      const answer: unknown = isRevoked?.(session, hook.context);
      if (!isPromiseLike(answer)) return conclude(session, answer);
      return within(answer, hookTimeoutMs, clock).then((late) => {
        if (late.state === 'late') hook.abort();
        return late.state === 'done' ? conclude(session, late.value) : 'unavailable';
      });
    } catch {
      return 'unavailable';
    }
  };

  return Object.assign((token: unknown) => judge(token), {
    forgetAllBut: ({ byKid }: KeySet) => cache.sweep(({ key }) => byKid.get(key.kid) === key),
    counts: () => ({ size: cache.size, hits, verified }),
  });
}

/** Only `false` lets a session pass. An answer that is not a boolean counts as a failure of the hook. */
function conclude<Claims>(session: Session<Claims>, answer: unknown): Judgement<Claims> {
  if (answer === false) return session;
  return answer === true ? 'revoked' : 'unavailable';
}

function count({ key: { usage }, registered }: VerifiedToken<unknown>, nowMs: number): void {
  usage.verified += 1;
  usage.lastSeenAtMs = nowMs;
  const expiresAtMs = registered.exp * 1_000;
  if (usage.latestExpiryMs === undefined || usage.latestExpiryMs < expiresAtMs) usage.latestExpiryMs = expiresAtMs;
}

/** Creates the `AbortController` only if the hook reads its signal. */
function lazySignal(): { readonly context: { readonly signal: AbortSignal }; abort(): void } {
  let made: AbortController | undefined;
  const controller = (): AbortController => {
    made ??= new AbortController();
    return made;
  };
  return {
    context: {
      get signal() {
        return controller().signal;
      },
    },
    abort: () => controller().abort(),
  };
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
