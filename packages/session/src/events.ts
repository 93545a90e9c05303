import type { RejectionReason } from './errors.ts';
import type { KeySetReason } from './keys/key-set-error.ts';
import type { UnknownKeyRefresh } from './keys/unknown-key.ts';

/** What a verifier tells. Nothing of a token is in it. Mirrored on `regionkit:session:<event>`. */
export interface SessionEvents {
  /**
   * A set of keys came into force. `aside` members of it were not for us; `unusable` ones, of a set from a URL, must not
   * be used: tell whoever publishes it.
   */
  readonly keys: {
    readonly kids: readonly string[];
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly aside: number;
    readonly unusable: readonly { readonly position: number; readonly reason: KeySetReason }[];
  };
  /** A new set was refused, or could not be fetched; the last good one stays. */
  readonly 'keys-rejected': { readonly reason: KeySetReason; readonly position: number | undefined };
  /**
   * The keys in use have expired: their URL has not confirmed them for `remote.maxStaleMs`, or the live value withholds
   * them. Sessions are answered 503 until it does.
   */
  readonly 'keys-expired': Readonly<Record<never, never>>;
  /** New revocation epochs were malformed; the last good ones stay. */
  readonly 'epochs-rejected': Readonly<Record<never, never>>;
  /** A token named a key that is not known. */
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
