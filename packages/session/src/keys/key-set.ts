import type { KeyObject } from 'node:crypto';
import type { CanonicalAlgorithm } from '../algorithms.ts';
import { parseStrictJson } from '../strict-json.ts';
import { KeySetError, type KeySetReason } from './key-set-error.ts';
import { parseKey } from './parse-key.ts';
import { unquoted } from './pem.ts';
import { thumbprintOf } from './thumbprint.ts';
import type { Later } from './vet-rsa.ts';

/**
 * Public keys in any usual form: a PEM; a JWK; a JWKS; the JSON text of a JWK or a JWKS; a list of PEMs and JWKs; a map
 * from `kid` to PEM or JWK; or the URL of a JWKS. A key without a `kid` gets its
 * [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638) thumbprint as name.
 */
export type KeySource =
  | string
  | URL
  | readonly (string | object)[]
  | { readonly keys: readonly object[] }
  | { readonly kty: string }
  | Readonly<Record<string, string | object>>;

/**
 * A public key that may verify. Cache entries depend on its identity: it is the same object as long as it is in use.
 */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: CanonicalAlgorithm;
  readonly key: KeyObject;
  readonly thumbprint: string;
  /** Whether a check of a signature is so quick that another thread would cost more than it takes. */
  readonly quick: boolean;
  /** Counters of this key in this process. */
  readonly usage: { verified: number; lastSeenAtMs: number | undefined; latestExpiryMs: number | undefined };
}

/** Keys by `kid`: immutable. */
export interface KeySet {
  readonly byKid: ReadonlyMap<string, VerificationKey>;
  /** How many members of the source this verifier has no use for: encryption keys, other algorithms. */
  readonly aside: number;
  /**
   * The members of a fetched set that must not be used, and why. In a set given by value one such member makes the
   * whole set invalid.
   */
  readonly unusable: readonly { readonly position: number; readonly reason: KeySetReason }[];
}

export interface ReadKeySetOptions {
  readonly previous?: KeySet | undefined;
  readonly fetched?: boolean;
  /** Is given what takes long to vet, in place of vetting it now: the set is then not to be used. */
  readonly later?: Later;
}

const MAX_KEYS = 64;
const MAX_QUICK_BITS = 4_096;
const NO_KEYS: KeySet = { byKid: new Map(), aside: 0, unusable: [] };

/** Whether the source is the URL of a set and not the set itself. */
export function isJwksUrl(source: KeySource): source is string | URL {
  return source instanceof URL || (typeof source === 'string' && /^\s*https?:/i.test(source));
}

/**
 * Reads and checks a whole set, and leaves out keys that this verifier has no use for.
 *
 * - One bad key makes a set that is given by value invalid: the author of the set can fix it.
 * - A fetched set belongs to a provider. Its bad members are left out and the others are used
 *   ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)), because one bad member must not end every
 *   session.
 * - The same key twice counts once.
 * - A key that was in `previous` under the same name keeps its object, so that a refresh without news invalidates no
 *   cache entry.
 *
 * @throws {KeySetError} The set must not be used.
 */
export function readKeySet(
  source: KeySource,
  algorithms: ReadonlySet<CanonicalAlgorithm>,
  { previous = NO_KEYS, fetched = false, later }: ReadKeySetOptions = {},
): KeySet {
  const members = membersOf(source);
  if (members.length === 0) throw new KeySetError('empty');
  if (members.length > MAX_KEYS) throw new KeySetError('too-many');
  const byKid = new Map<string, VerificationKey>();
  const algorithmOf = new Map<string, CanonicalAlgorithm>();
  let aside = 0;
  const unusable: { readonly position: number; readonly reason: KeySetReason }[] = [];
  const refuse = (reason: KeySetReason, position: number): void => {
    if (!fetched) throw new KeySetError(reason, position);
    unusable.push({ reason, position });
  };
  for (const [position, member] of members.entries()) {
    const parsed = parseKey(member.key, algorithms, later);
    if (parsed.kind === 'bad') {
      refuse(parsed.reason, position);
      continue;
    }
    if (parsed.kind === 'aside') {
      aside += 1;
      continue;
    }
    const { key, algorithm } = parsed;
    if (member.kid !== undefined && parsed.kid !== undefined && member.kid !== parsed.kid) {
      refuse('conflict', position);
      continue;
    }
    const thumbprint = thumbprintOf(key);
    const kid = member.kid ?? parsed.kid ?? thumbprint;
    const taken = byKid.get(kid);
    if (taken !== undefined) {
      if (taken.thumbprint === thumbprint && taken.algorithm === algorithm) continue;
      refuse('duplicate-kid', position);
      continue;
    }
    // A key is used with exactly one algorithm, also under another name (RFC 8725 section 3.1).
    if ((algorithmOf.get(thumbprint) ?? algorithm) !== algorithm) {
      refuse('conflict', position);
      continue;
    }
    algorithmOf.set(thumbprint, algorithm);
    const known = previous.byKid.get(kid);
    byKid.set(
      kid,
      known?.thumbprint === thumbprint && known.algorithm === algorithm
        ? known
        : {
            kid,
            algorithm,
            key,
            thumbprint,
            quick: isQuick(algorithm, key),
            usage: { verified: 0, lastSeenAtMs: undefined, latestExpiryMs: undefined },
          },
    );
  }
  if (byKid.size === 0) throw new KeySetError(unusable[0]?.reason ?? 'no-usable-key', unusable[0]?.position);
  return { byKid, aside, unusable };
}

/** About 0.1 ms at most: RSA up to 4,096 bits, P-256 and Ed25519. P-384 and P-521 take up to twenty times as long. */
function isQuick(algorithm: CanonicalAlgorithm, key: KeyObject): boolean {
  if (algorithm === 'ES256' || algorithm === 'EdDSA') return true;
  return (key.asymmetricKeyDetails?.modulusLength ?? Number.POSITIVE_INFINITY) <= MAX_QUICK_BITS;
}

function membersOf(source: unknown): readonly { readonly key: unknown; readonly kid?: string }[] {
  if (typeof source === 'string') {
    const text = unquoted(source);
    if (text === '') return [];
    if (!text.startsWith('{')) return [{ key: text }];
    const parsed = parseStrictJson(text);
    if (typeof parsed === 'string') throw new KeySetError('not-json');
    return membersOf(parsed);
  }
  if (Array.isArray(source)) return source.map((key) => ({ key }));
  if (typeof source !== 'object' || source === null) throw new KeySetError('not-a-key');
  if ('keys' in source && Array.isArray(source.keys)) return source.keys.map((key) => ({ key }));
  if ('kty' in source) return [{ key: source }];
  return Object.entries(source).map(([kid, key]) => ({ kid, key }));
}
