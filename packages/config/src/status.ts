import type { Attempt } from './ask-regions.ts';
import type { Failure, InvalidDetail } from './failure.ts';

/** The last refresh of a value failed. The last good value is still in use. */
export interface RefreshError {
  readonly failure: Failure;
  readonly detail?: InvalidDetail;
  /** The failure of each region, in the order in which they were asked. */
  readonly attempts: readonly Attempt[];
  /** How many refreshes in a row have failed. */
  readonly times: number;
  /** Time of the last failure, in milliseconds since 1970, as the wall clock counts now. */
  readonly atMs: number;
}

/**
 * What is known of one value. It does not contain the value.
 *
 * - `fresh`: confirmed by its source as often as configured
 * - `stale`: the last refresh failed, or is overdue
 * - `expired`: not confirmed for `refresh.maxStaleMs`
 * - `absent`: optional, and there is none
 */
export interface KeyStatus {
  readonly state: 'fresh' | 'stale' | 'expired' | 'absent';
  readonly kind: string;
  readonly version: string | undefined;
  /** The region that first answered with the current version. */
  readonly region: string | undefined;
  /** The endpoint that answered, if it is not the usual one. */
  readonly endpoint: string | undefined;
  /** Milliseconds since a source last confirmed it. */
  readonly ageMs: number | undefined;
  /** An older version that a region answers with, and that is not used yet. */
  readonly held: { readonly version: string | undefined; readonly region: string } | undefined;
  readonly refreshError: RefreshError | undefined;
}

export interface ConfigStatus<Key extends string = string> {
  /** `fail` if a value has expired, `warn` if a value is stale, otherwise `pass`. */
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly keys: Readonly<Record<Key, KeyStatus>>;
  /** How many subscribers are still busy with a change. */
  readonly busySubscribers: number;
}
