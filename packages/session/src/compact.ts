import { isUtf8 } from 'node:buffer';
import { type CanonicalAlgorithm, canonicalAlgorithm } from './algorithms.ts';
import type { InvalidTokenReason } from './errors.ts';
import { type FrozenObject, type LargeIntegers, parseStrictJson } from './strict-json.ts';

/** A token that has one spelling only, taken apart. Nothing in it is to be believed before its signature is verified. */
export interface CompactToken {
  readonly text: string;
  /** As spelled in the header: `Ed25519` and `EdDSA` differ here. */
  readonly alg: string;
  readonly algorithm: CanonicalAlgorithm;
  readonly kid: string | undefined;
  readonly claims: FrozenObject;
}

/** What the header of a token is held to before any cryptography. */
export interface HeaderRules {
  readonly algorithms: ReadonlySet<CanonicalAlgorithm>;
  /** Lower case, without `application/`; undefined for no check. */
  readonly types: ReadonlySet<string> | undefined;
  /** In the claims; a header has no use for any. */
  readonly largeIntegers: LargeIntegers;
}

const MAX_KID_LENGTH = 256;

const ALPHABET = /^[\w-]+\.[\w-]+\.[\w-]+$/;
// The last characters whose unused bits are zero (RFC 4648 section 3.5), by the length of the last group.
const LAST = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'];

/**
 * The gate before all cryptography. A token that passes is the one spelling of its bytes. (Whoever has an ECDSA
 * signature can make another of it, with n - s for s; so a revocation goes by `jti`, `sid` or `sub`, never by a digest
 * of the token.) RFC 7515 sections 2 and 7.1, RFC 8725 sections 3.1, 3.10 and 3.11.
 */
export function readCompact(text: string, rules: HeaderRules): CompactToken | InvalidTokenReason {
  const firstDot = text.indexOf('.');
  const lastDot = text.lastIndexOf('.');
  if (!ALPHABET.test(text)) return hasThreeParts(text) ? 'not-canonical' : 'not-compact';
  if (!endsCleanly(text, 0, firstDot) || !endsCleanly(text, firstDot + 1, lastDot)) return 'not-canonical';
  if (!endsCleanly(text, lastDot + 1, text.length)) return 'not-canonical';
  const header = readObject(text.slice(0, firstDot));
  if (typeof header === 'string') return header;
  const { alg, typ, kid } = header;
  const algorithm = canonicalAlgorithm(alg);
  if (algorithm === undefined || !rules.algorithms.has(algorithm)) return 'algorithm';
  if ('crit' in header || 'b64' in header) return 'critical';
  if (!typeFits(typ, rules.types)) return 'type';
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH)) return 'key-id';
  const claims = readObject(text.slice(firstDot + 1, lastDot), rules.largeIntegers);
  if (typeof claims === 'string') return claims;
  return { text, alg: alg as string, algorithm, kid, claims };
}

function hasThreeParts(text: string): boolean {
  const first = text.indexOf('.');
  const second = text.indexOf('.', first + 1);
  return first > 0 && second > first + 1 && second < text.length - 1 && text.indexOf('.', second + 1) === -1;
}

/** Whether a segment ends as the one spelling of its bytes does. */
function endsCleanly(text: string, from: number, to: number): boolean {
  const allowed = LAST[(to - from) % 4];
  return allowed === undefined || allowed.includes(text.charAt(to - 1));
}

function readObject(segment: string, largeIntegers?: LargeIntegers): FrozenObject | InvalidTokenReason {
  const bytes = Buffer.from(segment, 'base64url');
  if (!isUtf8(bytes)) return 'not-json';
  return parseStrictJson(bytes.toString('utf8'), largeIntegers);
}

/** A token without `typ` is a plain `JWT` (RFC 7519 section 5.1); every other type must be spelled out. */
function typeFits(typ: unknown, types: ReadonlySet<string> | undefined): boolean {
  if (types === undefined) return true;
  if (typ === undefined) return types.has('jwt');
  return typeof typ === 'string' && types.has(normaliseType(typ));
}

/** RFC 7515 section 4.1.9: media types compare without case, and `application/` may be left out. */
export function normaliseType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}
