import { type Backoff, check, group, integer, type OptionCheck } from '@regionkit/core/kit';
import { milliseconds } from '../milliseconds.ts';

/** How keys are fetched from a URL. */
export interface RemoteKeysOptions {
  /** Time between two fetches, in milliseconds. @default 600_000 */
  readonly everyMs?: number;
  /** A fetch that failed is run again until one succeeds, so there is no limit of attempts. */
  readonly retry?: {
    /** The wait until the next attempt. It doubles each time, and varies by a tenth. */
    readonly backoff?: {
      /** The first wait, in milliseconds. @default 1_000 */
      readonly baseMs?: number;
      /** The longest wait, in milliseconds. @default 10_000, or baseMs if that is more */
      readonly maxMs?: number;
    };
  };
  /** The longest time of one fetch with its body, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number;
  /** The longest accepted body, in bytes. @default 262_144 */
  readonly maxBytes?: number;
  /**
   * How long the last good keys stay in use while the URL does not confirm them, in milliseconds. After that every
   * request with a session gets 503. The event `keys-rejected` reports each failed fetch, long before. `null`: keys
   * never expire; then a thief of a key who also blocks our way to the URL can sign in for ever. At least twice
   * `everyMs`. @default 604_800_000
   */
  readonly maxStaleMs?: number | null;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/** The checked options with their defaults. */
export type RemoteRules = Required<Omit<RemoteKeysOptions, 'retry' | 'maxStaleMs'>> & {
  readonly retry: { readonly backoff: Backoff };
  /** How long keys stay in use if their URL does not confirm them. Infinity: they never expire. */
  readonly maxStaleMs: number;
};

export const remoteOptions: OptionCheck<RemoteRules> = group<RemoteRules>({
  everyMs: milliseconds(600_000, 1_000),
  retry: group({
    backoff: group<Backoff>({
      baseMs: milliseconds(1_000, 100),
      maxMs: (option, given, { baseMs }) => milliseconds(Math.max(10_000, baseMs), baseMs)(option, given),
    }),
  }),
  timeoutMs: milliseconds(5_000, 1),
  maxBytes: integer(262_144, { min: 1_024, max: 16_777_216 }),
  // Keys must not expire between two successful fetches.
  maxStaleMs: (option, given: number | null, { everyMs }) =>
    given === null
      ? Number.POSITIVE_INFINITY
      : integer(Math.max(604_800_000, 2 * everyMs), { min: 2 * everyMs })(option, given as never),
  fetch: (option, given: typeof globalThis.fetch = globalThis.fetch) => check.function(option, given),
});
