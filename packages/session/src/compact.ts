import { isUtf8 } from 'node:buffer';
import { type CanonicalAlgorithm, canonicalAlgorithm } from './algorithms.ts';
import type { InvalidTokenReason } from './errors.ts';
import { type FrozenObject, type LargeIntegers, parseStrictJson } from './strict-json.ts';

/** The parts of a token that has only one possible spelling. Trust nothing in it before its signature is verified. */
export interface CompactToken {
  readonly text: string;
  /** As written in the header: `Ed25519` and `EdDSA` differ here. */
  readonly alg: string;
  readonly algorithm: CanonicalAlgorithm;
  readonly kid: string | undefined;
  readonly claims: FrozenObject;
}

/** The rules that the header of a token must follow. They are checked before any cryptography. */
export interface HeaderRules {
  readonly algorithms: ReadonlySet<CanonicalAlgorithm>;
  /** Lower case, without `application/`. Undefined: not checked. */
  readonly types: ReadonlySet<string> | undefined;
  /** Applies to the claims. A header needs no large integers. */
  readonly largeIntegers: LargeIntegers;
}

const MAX_KID_LENGTH = 256;

const ALPHABET = /^[\w-]+\.[\w-]+\.[\w-]+$/;
// The last characters whose unused bits are zero (RFC 4648 section 3.5), by the length of the last group.
const LAST = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'];

/**
 * Checks the form of a token before any cryptography. A token that passes is the only spelling of its bytes. There is
 * one exception: from an ECDSA signature anyone can compute a second valid one (n - s in place of s). Revocation
 * therefore uses `jti`, `sid` or `sub`, and never a digest of the token. See RFC 7515 sections 2 and 7.1, RFC 8725
 * sections 3.1, 3.10 and 3.11.
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

/** Whether a segment ends with the only spelling of its bytes. */
function endsCleanly(text: string, from: number, to: number): boolean {
  const allowed = LAST[(to - from) % 4];
  return allowed === undefined || allowed.includes(text.charAt(to - 1));
}

function readObject(segment: string, largeIntegers?: LargeIntegers): FrozenObject | InvalidTokenReason {
  const bytes = Buffer.from(segment, 'base64url');
  if (!isUtf8(bytes)) return 'not-json';
  return parseStrictJson(bytes.toString('utf8'), largeIntegers);
}

/** A token without `typ` counts as `JWT` (RFC 7519 section 5.1). Every other type must be written out. */
function typeFits(typ: unknown, types: ReadonlySet<string> | undefined): boolean {
  if (types === undefined) return true;
  if (typ === undefined) return types.has('jwt');
  return typeof typ === 'string' && types.has(normaliseType(typ));
}

/** Media types compare without case, and `application/` may be left out (RFC 7515 section 4.1.9). */
export function normaliseType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}
