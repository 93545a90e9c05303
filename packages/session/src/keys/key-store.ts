import { isLive, type Live, live } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';
import type { CanonicalAlgorithm } from '../algorithms.ts';
import { within } from '../within.ts';
import { checkJwksUrl } from './fetch-jwks.ts';
import { isJwksUrl, type KeySet, type KeySource, readKeySet, type VerificationKey } from './key-set.ts';
import { KeySetError } from './key-set-error.ts';
import { createRemoteJwks, type RemoteJwks, type RemoteJwksOptions } from './remote-jwks.ts';

export interface KeyStoreOptions {
  readonly source: KeySource | Live<KeySource>;
  readonly algorithms: ReadonlySet<CanonicalAlgorithm>;
  readonly clock: Clock;
  readonly development: boolean;
  readonly unknownKey: { readonly cooldownMs: number; readonly waitMs: number };
  readonly remote: Pick<RemoteJwksOptions, 'everyMs' | 'retryMs' | 'timeoutMs' | 'maxBytes' | 'fetch'>;
  /** Called synchronously, before anything is looked up in the new set. */
  onKeys(now: KeySet, before: KeySet | undefined): void;
  onRejected(error: KeySetError): void;
  onUnknownKey(refresh: UnknownKeyRefresh): void;
}

/** What was done about a token of an unknown key: keys were asked for anew, or not so soon, or there is nobody to ask. */
export type UnknownKeyRefresh = 'started' | 'joined' | 'cooling-down' | 'impossible';

/** The keys of now. */
export interface KeyStore {
  /** Undefined until the first set has come from its URL. */
  current(): KeySet | undefined;
  /** Whether this very key is still in use. */
  holds(key: VerificationKey): boolean;
  /** Asks the source for newer keys because of an unknown one: rate-limited, and waited for a short time only. */
  refreshForUnknown(): Promise<void>;
  /** Waits a short time for the first set. */
  waitForFirst(): Promise<void>;
  /** Asks the source for newer keys because somebody trusted says so. */
  refresh(): Promise<void>;
  /** When a URL last confirmed its keys, by the monotonic clock; undefined for keys that are given by value. */
  readonly fetchedAt: number | undefined;
  close(): void;
}

const MAX_WAITING = 1_000;
const NOT_YET = Symbol('not yet');

/** @throws {KeySetError} The keys there are at the start must not be used. */
export function createKeyStore(options: KeyStoreOptions): KeyStore {
  const { clock, algorithms, unknownKey } = options;
  const source: Live<KeySource> = isLive(options.source) ? options.source : live(options.source);
  let given: unknown = NOT_YET;
  let value: unknown = NOT_YET;
  let loaded: unknown = NOT_YET;
  let remote: RemoteJwks | undefined;
  let keys: KeySet | undefined;
  let good = false;
  let closed = false;

  /** Follows the source to a value or a URL, and the URL to its text. Cheap when nothing has changed. */
  const follow = (): void => {
    if (closed) return;
    const next = source.current;
    if (next !== given) {
      given = next;
      const url = isJwksUrl(next) ? checkJwksUrl(next, options.development) : undefined;
      remote?.close();
      remote = url && createRemoteJwks({ ...options.remote, url, clock, onFetched });
      value = url === undefined ? next : NOT_YET;
    }
    value = remote?.current ?? value;
    if (value === loaded || value === NOT_YET) return;
    loaded = value;
    good = false;
    const before = keys;
    keys = readKeySet(value as KeySource, algorithms, before);
    good = true;
    options.onKeys(keys, before);
  };

  const followSafely = (): void => {
    try {
      follow();
    } catch (error) {
      // The last good set stays: a bad rotation must not sign everybody out.
      if (error instanceof KeySetError) options.onRejected(error);
    }
  };

  const onFetched = (error: KeySetError | undefined): boolean => {
    if (error === undefined) followSafely();
    else options.onRejected(error);
    return error === undefined && good;
  };

  const ask = async (reason: string): Promise<void> => {
    await (remote === undefined ? source.refresh?.({ reason }) : remote.refresh());
    followSafely();
  };

  follow();
  const unsubscribe = source.subscribe(followSafely);

  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<unknown> | undefined;
  let waiting = 0;
  const wait = async (work: Promise<unknown>): Promise<void> => {
    if (waiting >= MAX_WAITING) return;
    waiting += 1;
    await work;
    waiting -= 1;
  };

  return {
    current: () => {
      followSafely();
      return keys;
    },
    holds: (key) => keys?.byKid.get(key.kid) === key,
    refreshForUnknown: async () => {
      if (asking === undefined) {
        if (remote === undefined && source.refresh === undefined) return options.onUnknownKey('impossible');
        if (clock.now() - askedAt < unknownKey.cooldownMs) return options.onUnknownKey('cooling-down');
        askedAt = clock.now();
        options.onUnknownKey('started');
        const work = within(ask('a token names an unknown key'), unknownKey.waitMs, clock).then(() => {
          asking = undefined;
        });
        asking = work;
      } else options.onUnknownKey('joined');
      await wait(asking);
    },
    waitForFirst: async () => {
      if (keys === undefined && remote !== undefined) await wait(within(remote.settled(), unknownKey.waitMs, clock));
    },
    refresh: () => ask('the app asked for newer keys'),
    get fetchedAt() {
      return remote?.fetchedAt;
    },
    close: () => {
      closed = true;
      unsubscribe();
      remote?.close();
    },
  };
}
