import type { RejectionReason } from './errors.ts';
import type { KeySetReason } from './keys/key-set-error.ts';
import type { UnknownKeyRefresh } from './keys/unknown-key.ts';

/**
 * The events of a verifier. They contain nothing of a token. Each is also published on the `node:diagnostics_channel`
 * `regionkit:session:<event>`.
 */
export interface SessionEvents {
  /**
   * A set of keys is now in use. `aside` counts its members that this verifier has no use for. `unusable` lists the
   * members of a set from a URL that must not be used: report them to the publisher of the set.
   */
  readonly keys: {
    readonly kids: readonly string[];
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly aside: number;
    readonly unusable: readonly { readonly position: number; readonly reason: KeySetReason }[];
  };
  /** A new set was refused, or the fetch failed. The last good set stays in use. */
  readonly 'keys-rejected': { readonly reason: KeySetReason; readonly position: number | undefined };
  /**
   * The keys in use have expired: their URL has not confirmed them for `remote.maxStaleMs`, or reading the live value
   * threw. Requests with a session get 503 until the keys are confirmed again.
   */
  readonly 'keys-expired': Readonly<Record<never, never>>;
  /** New revocation epochs were malformed. The last good ones stay in force. */
  readonly 'epochs-rejected': Readonly<Record<never, never>>;
  /** A token named an unknown key. */
  readonly 'unknown-kid': { readonly refresh: UnknownKeyRefresh };
  /** A token or a request was refused. */
  readonly rejected: { readonly reason: RejectionReason };
}

export const SESSION_EVENTS = [
  'keys',
  'keys-rejected',
  'keys-expired',
  'epochs-rejected',
  'unknown-kid',
  'rejected',
] as const;
