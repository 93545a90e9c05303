import type { EventSource, Live, StandardSchema } from '@regionkit/core';
import type { Failure, InvalidDetail } from './failure.ts';
import type { Sealed } from './seal.ts';
import type { Source, Stage } from './source.ts';
import type { ConfigStatus } from './status.ts';

type Loads<S> = S extends { load(...args: never[]): infer L } ? Awaited<L> : never;

type Raw<S> = S extends { schema: StandardSchema<never, infer Output> }
  ? Output
  : S extends Source<infer T>
    ? unknown extends T
      ? Loads<S> extends { value: infer V }
        ? V
        : unknown
      : T
    : unknown;

/**
 * The type of `get` for a source: the output of its schema, or the loaded value; with `| undefined` if it is optional.
 */
export type ValueOf<S> = Sealed<S extends { optional: true } ? Raw<S> | undefined : Raw<S>>;

export type Sources = Readonly<Record<string, Source>>;

/** The payload of the event `change`. It does not contain the value. */
export interface Change<Key extends string = string> {
  readonly key: Key;
  /** The new version: the name that its source gives it, or `#2`, `#3`, … without one. */
  readonly version: string;
  /** The region that answered with it. */
  readonly region: string;
}

/**
 * The result of a forced refresh. `held`: the answer was an older version, which is not used yet. `too-soon`: the last
 * forced refresh was less than `minForcedMs` ago, so no region was asked. `closed`: the config is closed.
 */
export type RefreshOutcome = 'changed' | 'unchanged' | 'held' | 'failed' | 'too-soon' | 'closed';

export interface ConfigEvents<Key extends string = string> {
  change: Change<Key>;
  /** A refresh of a key has succeeded. `held`: the sources answered with an older version, which is not used yet. */
  refreshed: { readonly key: Key; readonly outcome: 'changed' | 'unchanged' | 'held'; readonly reason: string };
  'refresh-failed': {
    readonly key: Key;
    readonly failure: Failure;
    readonly detail: InvalidDetail | undefined;
    readonly reason: string;
  };
  fallback: { readonly key: Key; readonly from: string; readonly to: string; readonly failure: Failure };
  /** A value was not confirmed for `maxStaleMs`. */
  expired: { readonly key: Key };
  /** The process was suspended, or a clock was set. All values are refreshed now. */
  jump: { readonly keys: number };
  /** A subscriber, of the config or of a ref, threw or rejected. */
  'subscriber-failed': { readonly key: Key; readonly version: string };
}

/** A live value, in the form that the other packages and {@link rotatingClient} take. */
export interface ConfigRef<T> extends Live<T> {
  readonly key: string;
  readonly version: string | undefined;
  /** Whether the last refresh failed. The sources may have a newer value then. */
  readonly stale: boolean;
  /**
   * Asks every region for the value now. Resolves when they have answered, whether or not the value changed. It never
   * rejects because of a source.
   *
   * @example
   * ```ts
   * await config.ref('db').refresh({ reason: 'password refused' });
   * ```
   *
   * @throws The reason of `signal`, if it is aborted. The refresh continues for other callers.
   */
  refresh(options?: { readonly reason?: string; readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Returns the value of another stage, the newest that any region has. Undefined if there is none or no region
   * answers.
   *
   * @example
   * ```ts
   * const pending = await config.ref('db').at('pending');
   * ```
   */
  at(stage: Exclude<Stage, 'current'>): Promise<T | undefined>;
}

/** Values that are refreshed in the background. Made by `loadConfig`. */
export interface Config<S extends Sources> extends EventSource<ConfigEvents<keyof S & string>>, AsyncDisposable {
  /**
   * Returns the value of `key` from memory. It is deeply frozen, and printing it as a whole shows only `[redacted]`.
   *
   * @example
   * ```ts
   * const { PORT } = config.get('env');
   * ```
   *
   * @throws {RangeError} There is no such key.
   * @throws {ConfigError} `ERR_CONFIG_EXPIRED`: the value has expired, with `onExpired: 'throw'`.
   */
  get<K extends keyof S & string>(key: K): ValueOf<S[K]>;
  /**
   * Returns the value of `key` as a live value. Its listeners get each new value. An asynchronous listener gets the
   * next value when it has finished, and only the latest one.
   *
   * @example
   * ```ts
   * const pool = new pg.Pool({ host: 'localhost', Client: rotatingClient(pg.Client, config.ref('db')) });
   * ```
   *
   * @throws {RangeError} There is no such key.
   */
  ref<K extends keyof S & string>(key: K): ConfigRef<ValueOf<S[K]>>;
  /**
   * Returns the version of `key`, which is not secret. Undefined if there is no value.
   *
   * @example
   * ```ts
   * console.log(`db credentials: version ${config.version('db')}`);
   * ```
   *
   * @throws {RangeError} There is no such key.
   */
  version(key: keyof S & string): string | undefined;
  /**
   * Returns what is known of every value, but no values. For health checks and operators.
   *
   * @example
   * ```ts
   * const { verdict, keys } = config.status();
   * ```
   */
  status(): ConfigStatus<keyof S & string>;
  /**
   * Asks every region for `key` now, and uses the newest answer. Concurrent calls share one refresh. There is at most
   * one in `refresh.minForcedMs`. It never rejects because of a source.
   *
   * @example
   * ```ts
   * const outcome = await config.refresh('db', { signal: AbortSignal.timeout(2_000) });
   * ```
   *
   * @throws {RangeError} There is no such key.
   * @throws The reason of `signal`, if it is aborted. The refresh continues for other callers.
   */
  refresh(
    key: keyof S & string,
    options?: { readonly reason?: string; readonly signal?: AbortSignal },
  ): Promise<RefreshOutcome>;
  /**
   * Calls `listener` after every change, until the returned function is called. An asynchronous listener gets the next
   * change when it has finished with the last one, and only the latest change of each key. A listener that fails or
   * never ends does not affect the others.
   *
   * @example
   * ```ts
   * const stop = config.subscribe(({ key, version }) => console.log(`${key} is now version ${version}`));
   * ```
   */
  subscribe(listener: (change: Change<keyof S & string>) => void | Promise<void>): () => void;
  /**
   * Stops refreshing and aborts the refreshes under way. The values stay readable.
   *
   * @example
   * ```ts
   * await config.close();
   * ```
   */
  close(): Promise<void>;
}
