import { hash } from 'node:crypto';
import type { StandardResult } from '@regionkit/core';
import { createRecentCache } from '@regionkit/core/kit';
import { chain } from './chain.ts';
import { checkTime, type RegisteredClaims, readClaims } from './claims.ts';
import { type CompactToken, createCompactReader } from './compact.ts';
import type { EpochGuard } from './epochs.ts';
import type { InvalidTokenReason } from './errors.ts';
import type { KeySet, VerificationKey } from './keys/key-set.ts';
import type { KeyStore } from './keys/key-store.ts';
import type { SessionVerifierOptions, VerifierRules } from './options.ts';
import { createSession, frozenCopy, readRoles, type Session } from './session.ts';
import { createSignatureChecker } from './signature-checker.ts';
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

type Verification<Claims> = VerifiedToken<Claims> | Refusal;
type KeyOrRefusal = VerificationKey | Refusal;

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
  const readCompact = createCompactReader(rules.header);
  const checkSignature = createSignatureChecker(clock);
  const cache = createRecentCache<VerifiedToken<Claims>>(rules.cacheMax);
  const inFlight = new Map<string, Promise<Verification<Claims>>>();
  // A digest, so that a memory dump contains no tokens. Without a cache nothing outlives the request of a token.
  const identify = rules.cacheMax === 0 ? (token: string) => token : (token: string) => hash('sha256', token, 'binary');
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
    const id = identify(token);
    const known = cache.get(id);
    if (known === undefined || !keys.holds(known.key)) return judgeUnknown(id, token);
    hits += 1;
    const judgement = present(known);
    if (judgement === 'expired') cache.delete(id);
    return judgement;
  };

  const judgeUnknown = (id: string, token: string): Judgement<Claims> | Promise<Judgement<Claims>> => {
    // An empty map would still compute the hash of the name, which can be the whole token.
    const flight = (inFlight.size > 0 ? inFlight.get(id) : undefined) ?? verifyOnce(id, token);
    return chain(flight, (outcome) => (typeof outcome === 'string' ? outcome : present(outcome)));
  };

  /** Verifies a token once for all requests that present it at the same time. */
  const verifyOnce = (id: string, token: string): Verification<Claims> | Promise<Verification<Claims>> => {
    if (inFlight.size >= MAX_FLIGHTS) return 'unavailable';
    const compact = readCompact(token);
    if (typeof compact === 'string') return compact;
    let outcome: Verification<Claims> | Promise<Verification<Claims>>;
    try {
      outcome = authenticate(id, compact);
    } catch {
      return 'unavailable';
    }
    if (!(outcome instanceof Promise)) return outcome;
    const land = (end: Verification<Claims>): Verification<Claims> => {
      inFlight.delete(id);
      return end;
    };
    const flight = outcome.then(land, () => land('unavailable'));
    inFlight.set(id, flight);
    return flight;
  };

  const authenticate = (
    id: string,
    compact: CompactToken,
    round = 0,
  ): Verification<Claims> | Promise<Verification<Claims>> => {
    if (round === MAX_ROUNDS) return 'unavailable';
    return chain(findKey(compact), (key) => {
      if (typeof key === 'string') return key;
      if (key.algorithm !== compact.algorithm) return 'algorithm';
      const outcome = chain(checkSignature(compact, key), (signature) =>
        signature === 'good' ? accept(compact, key) : signature,
      );
      return chain(outcome, (end) =>
        chain(isInUse(key), (stays) => {
          // The key was removed while this waited. Judge again by the current keys.
          if (!stays) return authenticate(id, compact, round + 1);
          if (typeof end !== 'string') {
            verified += 1;
            cache.set(id, end);
          }
          return end;
        }),
      );
    });
  };

  /** Whether a key is in use also after newer keys have been vetted. */
  const isInUse = (key: VerificationKey): boolean | Promise<boolean> => {
    keys.current();
    if (keys.vetting === undefined) return keys.holds(key);
    return keys.vetting.then(() => {
      keys.current();
      return keys.vetting === undefined && keys.holds(key);
    });
  };

  const findKey = (compact: CompactToken): KeyOrRefusal | Promise<KeyOrRefusal> => {
    const set = keys.current();
    if (set !== undefined) return keyIn(set, compact);
    return keys.waitForFirst().then(() => {
      const first = keys.current();
      return first === undefined ? 'unavailable' : keyIn(first, compact);
    });
  };

  const keyIn = (set: KeySet, { kid, algorithm }: CompactToken): KeyOrRefusal | Promise<KeyOrRefusal> => {
    if (kid !== undefined) return set.byKid.get(kid) ?? askFor(kid);
    const fitting = [...set.byKid.values()].filter((key) => key.algorithm === algorithm);
    if (fitting.length === 0) return 'algorithm';
    return fitting.length === 1 ? (fitting[0] as VerificationKey) : 'key-id';
  };

  const askFor = async (kid: string): Promise<KeyOrRefusal> => {
    const areAll = await keys.refreshForUnknown();
    const newer = keys.current()?.byKid.get(kid);
    // A client that gets 401 signs its user out. Do not answer 401 for a key that may exist.
    return newer ?? (areAll ? 'unknown-key' : 'unavailable');
  };

  const accept = (
    compact: CompactToken,
    key: VerificationKey,
  ): Verification<Claims> | Promise<Verification<Claims>> => {
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
    const token: VerifiedToken<Claims> = { key, registered, roles, claims, session: undefined };
    return chain(shape(token), (session) => {
      if (typeof session === 'string') return session;
      if (session.claims === claims) return { ...token, session };
      const copy = frozenCopy(session.claims);
      if (copy === undefined) return token;
      return { ...token, session: createSession(registered, key.kid, roles, copy.value as Claims) };
    });
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
