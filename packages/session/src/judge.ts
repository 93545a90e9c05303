import type { StandardResult } from '@regionkit/core';
import { chain } from './chain.ts';
import { checkTime, type RegisteredClaims, readClaims } from './claims.ts';
import { type CompactToken, createCompactReader } from './compact.ts';
import { createConnectionMemo } from './connection-memo.ts';
import type { EpochGuard } from './epochs.ts';
import type { InvalidTokenReason } from './errors.ts';
import type { KeySet, VerificationKey } from './keys/key-set.ts';
import type { KeyStore } from './keys/key-store.ts';
import type { SessionVerifierOptions, VerifierRules } from './options.ts';
import { createRememberedTokens } from './remembered-tokens.ts';
import { createRoleReader, createSession, frozenCopy, type Session } from './session.ts';
import { createSignatureChecker } from './signature-checker.ts';
import type { FrozenObject } from './strict-json.ts';
import { within } from './within.ts';

/** Why a token gives no session. */
type Refusal = InvalidTokenReason | 'unavailable';
/** The session of a token, or the reason why there is none. */
export type Judgement<Claims> = Session<Claims> | Refusal;

/** Judges tokens. A remembered token is judged at once; a new one is verified first. Never throws and never rejects. */
export interface Judge<Claims> {
  /** @param connection what brought the token, if it can bring others */
  (token: unknown, connection?: object): Judgement<Claims> | Promise<Judgement<Claims>>;
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
const MAX_EXPIRED = 256;

export function createJudge<Claims>(options: JudgeOptions<Claims>): Judge<Claims> {
  const { rules, keys, epochs, schema, isRevoked } = options;
  const { clock, clockToleranceMs, maxTokenBytes, hookTimeoutMs } = rules;
  const readCompact = createCompactReader(rules.header);
  const readRoles = createRoleReader(rules.roles);
  const checkSignature = createSignatureChecker(clock);
  const tokens = createRememberedTokens<VerifiedToken<Claims>>(rules.cache);
  // Clients go on with a token that has expired. Those that were accepted before are refused from memory, and take no
  // place of a valid one.
  const expired = createRememberedTokens<VerifiedToken<Claims>>({
    ...rules.cache,
    max: Math.min(rules.cache.max, MAX_EXPIRED),
  });
  const inFlight = new Map<string, Promise<Verification<Claims>>>();
  const memo = createConnectionMemo<VerifiedToken<Claims>>();
  let hits = 0;
  let verified = 0;

  const judge = (
    token: unknown,
    connection: object | undefined,
    round = 0,
  ): Judgement<Claims> | Promise<Judgement<Claims>> => {
    if (typeof token !== 'string') return 'not-compact';
    if (token.length > maxTokenBytes) return 'too-large';
    keys.current();
    // A key that is gone must not verify while the newer ones are vetted.
    if (keys.vetting !== undefined) {
      return round < MAX_ROUNDS ? keys.vetting.then(() => judge(token, connection, round + 1)) : 'unavailable';
    }
    const last = connection && memo.find(connection, token);
    if (last !== undefined && keys.holds(last.key)) return remembered(last);
    const name = tokens.nameOf(token);
    const valid = tokens.find(token, name);
    const known = valid ?? expired.find(token, name);
    if (known === undefined || !keys.holds(known.key)) return judgeUnknown(token, name);
    if (connection !== undefined) memo.note(connection, token, known);
    const judgement = remembered(known);
    if (judgement === 'expired' && valid !== undefined) {
      tokens.forget(token, name);
      expired.remember(token, name, valid);
    }
    return judgement;
  };

  const remembered = (token: VerifiedToken<Claims>): Judgement<Claims> | Promise<Judgement<Claims>> => {
    hits += 1;
    return present(token);
  };

  const judgeUnknown = (token: string, name: string): Judgement<Claims> | Promise<Judgement<Claims>> => {
    // An empty map would still compute the hash of the name, which can be a whole token.
    const flight = (inFlight.size > 0 ? inFlight.get(name) : undefined) ?? verifyOnce(token, name);
    return chain(flight, (outcome) => (typeof outcome === 'string' ? outcome : present(outcome)));
  };

  /** Verifies a token once for all requests that present it at the same time. */
  const verifyOnce = (token: string, name: string): Verification<Claims> | Promise<Verification<Claims>> => {
    if (inFlight.size >= MAX_FLIGHTS) return 'unavailable';
    const compact = readCompact(token);
    if (typeof compact === 'string') return compact;
    const remember = (outcome: Verification<Claims>): Verification<Claims> => {
      if (typeof outcome === 'string') return outcome;
      verified += 1;
      tokens.remember(token, name, outcome);
      return outcome;
    };
    let outcome: Verification<Claims> | Promise<Verification<Claims>>;
    try {
      outcome = chain(authenticate(compact), remember);
    } catch {
      return 'unavailable';
    }
    if (!(outcome instanceof Promise)) return outcome;
    const flight = outcome.catch((): Refusal => 'unavailable').finally(() => inFlight.delete(name));
    inFlight.set(name, flight);
    return flight;
  };

  const authenticate = (compact: CompactToken, round = 0): Verification<Claims> | Promise<Verification<Claims>> => {
    if (round === MAX_ROUNDS) return 'unavailable';
    return chain(findKey(compact), (key) => {
      if (typeof key === 'string') return key;
      if (key.algorithm !== compact.algorithm) return 'algorithm';
      const outcome = chain(checkSignature(compact, key), (signature) =>
        signature === 'good' ? accept(compact, key) : signature,
      );
      // If the key was removed while this waited, the current keys decide.
      return chain(outcome, (end) => chain(isInUse(key), (stays) => (stays ? end : authenticate(compact, round + 1))));
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
      roles = readRoles(claims);
    } catch {
      return 'unavailable';
    }
    if (roles === undefined) return 'claims';
    // Made by its members, and not by a copy of an object, which takes longer.
    const tokenOf = (session: VerifiedToken<Claims>['session']): VerifiedToken<Claims> => ({
      key,
      registered,
      roles,
      claims,
      session,
    });
    const token = tokenOf(undefined);
    return chain(shape(token), (session) => {
      if (typeof session === 'string') return session;
      if (session.claims === claims) return tokenOf(session);
      const copy = frozenCopy(session.claims);
      if (copy === undefined) return token;
      return tokenOf(createSession(registered, key.kid, roles, copy.value as Claims));
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

  return Object.assign((token: unknown, connection?: object) => judge(token, connection), {
    forgetAllBut: ({ byKid }: KeySet) => {
      for (const cache of [tokens, expired]) cache.sweep(({ key }) => byKid.get(key.kid) === key);
    },
    counts: () => ({ size: tokens.size, hits, verified }),
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
