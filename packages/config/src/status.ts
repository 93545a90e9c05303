import type { Attempt } from './ask-regions.ts';
import type { Failure, InvalidDetail } from './failure.ts';

/** The last refresh of a value did not work; the last good one is still there. */
export interface RefreshError {
  readonly failure: Failure;
  readonly detail?: InvalidDetail;
  /** What each region answered, in the order they were asked. */
  readonly attempts: readonly Attempt[];
  /** How many refreshes in a row have failed. */
  readonly times: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/**
 * What is known of one value, never the value.
 *
 * - `fresh`: confirmed by its source as often as it should be
 * - `stale`: the last refresh failed, or is overdue
 * - `expired`: not confirmed for `refresh.maxStaleMs`
 * - `absent`: optional, and there is none
 */
export interface KeyStatus {
  readonly state: 'fresh' | 'stale' | 'expired' | 'absent';
  readonly kind: string;
  readonly version: string | undefined;
  /** The region that told the current version first. */
  readonly region: string | undefined;
  /** Where it came from, if not from the place one would think. */
  readonly endpoint: string | undefined;
  /** How long ago a source last confirmed it, in milliseconds. */
  readonly ageMs: number | undefined;
  /** An older version that a region tells and that was not believed. */
  readonly held: { readonly version: string | undefined; readonly region: string } | undefined;
  readonly refreshError: RefreshError | undefined;
}

export interface ConfigStatus<Key extends string = string> {
  /** `fail` if any value has expired, `warn` if any is stale, else `pass`. */
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly keys: Readonly<Record<Key, KeyStatus>>;
  /** How many subscribers have not finished with a change yet. */
  readonly busySubscribers: number;
}
