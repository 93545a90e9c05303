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

/** What `get` gives for a source: what its schema makes, or what it loads; `| undefined` if it is optional. */
export type ValueOf<S> = Sealed<S extends { optional: true } ? Raw<S> | undefined : Raw<S>>;

export type Sources = Readonly<Record<string, Source>>;

/** A value has changed. Never the value. */
export interface Change<Key extends string = string> {
  readonly key: Key;
  /** The new version: as its source names it, or `#2`, `#3`, … if the source names none. */
  readonly version: string;
  /** The region that told it. */
  readonly region: string;
}

/** How a forced refresh ended. `too-soon`: nobody was asked, since somebody was less than `minForcedMs` ago. */
export type RefreshOutcome = 'changed' | 'unchanged' | 'held' | 'failed' | 'too-soon' | 'closed';

export interface ConfigEvents<Key extends string = string> {
  change: Change<Key>;
  /** A look at the sources of a key has ended well. `held`: they told an older version, which was not believed. */
  refreshed: { readonly key: Key; readonly outcome: 'changed' | 'unchanged' | 'held'; readonly reason: string };
  'refresh-failed': {
    readonly key: Key;
    readonly failure: Failure;
    readonly detail: InvalidDetail | undefined;
    readonly reason: string;
  };
  fallback: { readonly key: Key; readonly from: string; readonly to: string; readonly failure: Failure };
  /** A value has not been confirmed for `maxStaleMs`. */
  expired: { readonly key: Key };
  /** The process was suspended, or a clock was set: everything is looked at again. */
  jump: { readonly keys: number };
  /** A subscriber, of the config or of a ref, threw or rejected. */
  'subscriber-failed': { readonly key: Key; readonly version: string };
}

/** A value that follows its source, as the other packages take it, and as {@link rotatingClient} does. */
export interface ConfigRef<T> extends Live<T> {
  readonly key: string;
  readonly version: string | undefined;
  /** Whether the last look at the sources failed: they may have a newer value. */
  readonly stale: boolean;
  refresh(options?: { readonly reason?: string; readonly signal?: AbortSignal }): Promise<void>;
  /** The value of another stage, the newest any region has; undefined if there is none, or it cannot be had now. */
  at(stage: Exclude<Stage, 'current'>): Promise<T | undefined>;
}

/** Values, kept current. Made by `loadConfig`. */
export interface Config<S extends Sources> extends EventSource<ConfigEvents<keyof S & string>>, AsyncDisposable {
  /**
   * The value of `key`, from memory: deep-frozen, and redacted wherever it is printed as a whole.
   *
   * @throws {RangeError} There is no such key.
   * @throws {ConfigError} `ERR_CONFIG_EXPIRED`, only with `onExpired: 'throw'`.
   */
  get<K extends keyof S & string>(key: K): ValueOf<S[K]>;
  /**
   * The value of `key` as something that changes. A listener is told the new value; one that is asynchronous is told
   * the next when it has finished, and only the latest.
   */
  ref<K extends keyof S & string>(key: K): ConfigRef<ValueOf<S[K]>>;
  /** The version of `key`; not secret. Undefined for an absent value. */
  version(key: keyof S & string): string | undefined;
  /** What is known of every value, never a value: for health checks and people. */
  status(): ConfigStatus<keyof S & string>;
  /**
   * Asks every region of `key` now and takes the newest. Concurrent calls share one look, and there is at most one in
   * `refresh.minForcedMs`. Never rejects for what a source does.
   *
   * @throws The reason of `signal`, once it is aborted: the look goes on for the others.
   */
  refresh(
    key: keyof S & string,
    options?: { readonly reason?: string; readonly signal?: AbortSignal },
  ): Promise<RefreshOutcome>;
  /**
   * Calls `listener` after every change, until the returned function is called. An asynchronous one is told the next
   * change when it has finished with the last, and only the latest of each key; one that throws, or never ends, harms
   * nobody else.
   */
  subscribe(listener: (change: Change<keyof S & string>) => void | Promise<void>): () => void;
  /** Ends the refreshing and aborts what is under way. The values stay readable. */
  close(): Promise<void>;
}
