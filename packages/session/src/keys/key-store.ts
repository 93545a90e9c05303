import { type Live, toLive } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';
import type { CanonicalAlgorithm } from '../algorithms.ts';
import { checkJwksUrl } from './fetch-jwks.ts';
import { isJwksUrl, type KeySet, type KeySource, readKeySet, type VerificationKey } from './key-set.ts';
import { KeySetError } from './key-set-error.ts';
import { createRemoteJwks, type RemoteJwks } from './remote-jwks.ts';
import type { RemoteRules } from './remote-options.ts';
import { createUnknownKeys, type UnknownKeyOptions } from './unknown-key.ts';
import { vetAhead } from './vet-ahead.ts';

export interface KeyStoreOptions {
  readonly source: KeySource | Live<KeySource>;
  readonly algorithms: ReadonlySet<CanonicalAlgorithm>;
  readonly clock: Clock;
  readonly development: boolean;
  readonly unknownKey: Pick<UnknownKeyOptions, 'cooldownMs' | 'waitMs'>;
  readonly remote: RemoteRules;
  /** Called synchronously, before any lookup in the new set. */
  onKeys(now: KeySet, before: KeySet | undefined): void;
  onRejected(error: KeySetError): void;
  onExpired(): void;
  readonly onUnknownKey: UnknownKeyOptions['onUnknownKey'];
}

/**
 * Whether the keys in use are up to date with their source.
 *
 * - `absent`: no keys have come from the URL yet
 * - `fresh`: the last read of the source succeeded, and these are its keys
 * - `stale`: the last read failed, or its result was refused; the last good keys are in use
 * - `expired`: the URL has not confirmed the keys for `remote.maxStaleMs`, or reading the live value threw; no key is
 *   in use
 */
export type KeyState = 'absent' | 'fresh' | 'stale' | 'expired';

/** The keys that are in use now. */
export interface KeyStore {
  /** Undefined until the first set has come from its URL, and after that set has expired. */
  current(): KeySet | undefined;
  /** There are newer keys, and they are being vetted: no token is to be judged before. */
  readonly vetting: Promise<void> | undefined;
  /** Whether this key object was still in use at the last call of `current`. */
  holds(key: VerificationKey): boolean;
  /**
   * Asks the source for newer keys because a token names an unknown one. The calls are rate-limited and wait only a
   * short time. Returns whether the current keys are complete: false while the source is slow, fails or is refused,
   * because it may have more.
   */
  refreshForUnknown(): Promise<boolean>;
  /** Waits a short time for the first set. */
  waitForFirst(): Promise<void>;
  /** Resolves when no fetch is under way. */
  settled(): Promise<void>;
  /** Asks the source for newer keys, because trusted code requests it. */
  refresh(): Promise<void>;
  /** Every key, in use or expired. */
  readonly known: readonly VerificationKey[];
  readonly state: KeyState;
  /** Milliseconds since the URL last confirmed its keys; undefined for keys that are given by value. */
  readonly confirmedMsAgo: number | undefined;
  close(): void;
}

const NOT_YET = Symbol('not yet');

/** @throws {KeySetError} The keys at the start must not be used. */
export function createKeyStore(options: KeyStoreOptions): KeyStore {
  const { algorithms, clock } = options;
  const { maxStaleMs } = options.remote;
  const source = toLive(options.source);
  let given: unknown = NOT_YET;
  let value: unknown = NOT_YET;
  let loaded: unknown = NOT_YET;
  let remote: RemoteJwks | undefined;
  let keys: KeySet | undefined;
  /** Whether `loaded` is in use. False: it was refused. */
  let sound = false;
  let stale = false;
  let withheld = false;
  let expired = false;
  let closed = false;
  let vetting: Promise<void> | undefined;
  let confirmed: { readonly nowMs: number; readonly wallMs: number } | undefined;

  const isStale = (): boolean => stale || (remote === undefined && source.stale === true);
  const moment = () => ({ nowMs: clock.now(), wallMs: clock.wallMs() });
  /** Uses the clock that shows more time: one of them may stand still while a process is suspended. */
  const confirmedMsAgo = (): number | undefined =>
    remote && confirmed && Math.round(Math.max(clock.now() - confirmed.nowMs, clock.wallMs() - confirmed.wallMs));

  /** Reads the source: a value, or a URL and then its text. Cheap if nothing has changed. */
  const follow = (next: KeySource): void => {
    if (next !== given) {
      given = next;
      const url = isJwksUrl(next) ? checkJwksUrl(next, options.development) : undefined;
      remote?.close();
      remote = url && createRemoteJwks({ ...options.remote, url, clock, vet, onFetched });
      value = url === undefined ? next : NOT_YET;
      // If the new URL never answers, keys from the former source expire as early as keys of the new URL would.
      confirmed = url === undefined ? undefined : (confirmed ?? (keys && moment()));
      stale = url === undefined ? !sound : keys !== undefined;
    }
    value = remote?.current ?? value;
    if (value === loaded || value === NOT_YET) return;
    loaded = value;
    sound = false;
    const before = keys;
    keys = readKeySet(value as KeySource, algorithms, { previous: before, fetched: remote !== undefined });
    sound = true;
    stale = false;
    options.onKeys(keys, before);
  };

  const reject = (error: unknown): void => {
    stale = true;
    options.onRejected(error instanceof KeySetError ? error : new KeySetError('invalid'));
  };

  const vet = (text: string): Promise<void> | undefined => vetAhead(text, algorithms, true);
  /** A value that takes long to vet is looked at again when that is done. */
  const vetFirst = (next: KeySource): boolean => {
    if (next === given || isJwksUrl(next)) return false;
    vetting = vetAhead(next, algorithms, false)?.then(() => {
      vetting = undefined;
      readSource();
    });
    return vetting !== undefined;
  };

  const readSource = (): void => {
    if (closed || vetting !== undefined) return;
    let next: KeySource;
    try {
      next = source.current;
      withheld = false;
    } catch {
      // A source that throws, such as an expired secret, withdraws its keys on purpose.
      withheld = true;
      return;
    }
    try {
      if (!vetFirst(next)) follow(next);
    } catch (error) {
      // The last good set stays: a bad rotation must not sign out every user.
      reject(error);
    }
  };

  const checkExpiry = (): void => {
    if (closed) return;
    const before = expired;
    expired = keys !== undefined && (withheld || (confirmedMsAgo() ?? 0) > maxStaleMs);
    if (expired && !before) options.onExpired();
  };

  const onFetched = (error: KeySetError | undefined): boolean => {
    if (error === undefined) readSource();
    else reject(error);
    stale = error !== undefined || !sound;
    if (!stale) {
      confirmed = moment();
      unknown.answer();
    }
    checkExpiry();
    return !stale;
  };

  const ask = async (reason: string): Promise<void> => {
    await (remote === undefined ? source.refresh?.({ reason }) : remote.refresh());
    readSource();
  };

  const unknown = createUnknownKeys({ ...options.unknownKey, clock, onUnknownKey: options.onUnknownKey });
  follow(source.current);
  const unsubscribe = source.subscribe(readSource);

  const refreshForToken = async (): Promise<void> => {
    await ask('a token names an unknown key');
    if (!isStale()) unknown.answer();
  };

  return {
    current: () => {
      readSource();
      remote?.catchUp();
      checkExpiry();
      return expired ? undefined : keys;
    },
    get vetting() {
      return vetting;
    },
    holds: (key) => !expired && keys?.byKid.get(key.kid) === key,
    refreshForUnknown: async () => {
      const possible = !closed && (remote !== undefined || source.refresh !== undefined);
      await unknown.ask(possible ? refreshForToken : undefined);
      return (!possible || unknown.answered) && !isStale();
    },
    waitForFirst: async () => {
      if (keys === undefined && remote !== undefined) await unknown.wait(remote.settled());
    },
    settled: async () => remote?.settled(),
    refresh: () => ask('the app asked for newer keys'),
    get known() {
      return [...(keys?.byKid.values() ?? [])];
    },
    get state() {
      if (keys === undefined) return 'absent';
      if (expired) return 'expired';
      return isStale() ? 'stale' : 'fresh';
    },
    get confirmedMsAgo() {
      return confirmedMsAgo();
    },
    close: () => {
      closed = true;
      unsubscribe();
      remote?.close();
    },
  };
}
