/** Everything the checker can refute. */
export type RuleName =
  | 'read-your-writes'
  | 'lost-silently'
  | 'monotonic-reads'
  | 'reordered'
  | 'phantom'
  | 'duplicate'
  | 'key-done-twice'
  | 'key-answered-otherwise'
  | 'key-answered-from-lost'
  | 'key-lost-untold'
  | 'key-told-falsely'
  | 'torn-transaction'
  | 'token-short'
  | 'acknowledged-nowhere'
  | 'lost-in-switchover'
  | 'lost-below-fork'
  | 'lost-without-cause'
  | 'loss-not-announced'
  | 'loss-announced-falsely'
  | 'happened-against-word'
  | 'error-without-outcome'
  | 'no-answer'
  | 'write-on-fenced'
  | 'write-on-twins'
  | 'newcomer-on-zombie'
  | 'read-from-fenced'
  | 'fence-late'
  | 'written-in-pause'
  | 'pause-outlasted'
  | 'primary-forgotten'
  | 'redirect-loop'
  | 'redirect-astray'
  | 'app-ended'
  | 'not-recovered';

/** A promise that was broken, and by which requests. */
export interface Violation {
  readonly rule: RuleName;
  /** In the order in which they matter: the last one shows it. */
  readonly operations: readonly string[];
  readonly says: string;
}
