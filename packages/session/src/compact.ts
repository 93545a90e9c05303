import { isUtf8 } from 'node:buffer';
import { createRecentCache } from '@regionkit/core/kit';
import { type CanonicalAlgorithm, canonicalAlgorithm } from './algorithms.ts';
import { copyOf } from './copy-of.ts';
import type { InvalidTokenReason } from './errors.ts';
import { type FrozenObject, type LargeIntegers, parseStrictJson } from './strict-json.ts';

/** What the header of a token says. It follows the rules of the verifier. */
interface TokenHeader {
  /** As written: `Ed25519` and `EdDSA` differ here. */
  readonly alg: string;
  readonly algorithm: CanonicalAlgorithm;
  readonly kid: string | undefined;
}

/** The parts of a token that has only one possible spelling. Trust nothing in it before its signature is verified. */
export interface CompactToken extends TokenHeader {
  readonly claims: FrozenObject;
  /** The text that was signed: header and claims, with the dot between them. */
  readonly signed: string;
  readonly signature: Uint8Array;
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
/** Tokens of one key usually have the same header. */
const HEADERS_KEPT = 64;
/** Longer headers are read anew each time, so that hostile ones cannot fill the memory. */
const MAX_KEPT_LENGTH = 512;

/**
 * Makes the function that checks the form of a token before any cryptography. A token that passes is the only spelling
 * of its bytes. There is one exception: from an ECDSA signature anyone can compute a second valid one (n - s in place of
 * s). Revocation therefore uses `jti`, `sid` or `sub`, and never a digest of the token. See RFC 7515 sections 2 and 7.1,
 * RFC 8725 sections 3.1, 3.10 and 3.11.
 *
 * It keeps the headers that passed by their text: an equal text passes again.
 */
export function createCompactReader(rules: HeaderRules): (text: string) => CompactToken | InvalidTokenReason {
  const headers = createRecentCache<TokenHeader>(HEADERS_KEPT);

  const headerOf = (segment: string): TokenHeader | InvalidTokenReason => {
    const known = headers.get(segment);
    if (known !== undefined) return known;
    const bytes = bytesOf(segment);
    if (bytes === undefined) return 'not-canonical';
    const header = readHeader(bytes, rules);
    // A copy: the segment is a part of the token, and as a key it would keep the whole token in memory.
    if (typeof header !== 'string' && segment.length <= MAX_KEPT_LENGTH) headers.set(copyOf(segment), header);
    return header;
  };

  return (text) => {
    const firstDot = text.indexOf('.');
    const lastDot = text.lastIndexOf('.');
    const isCompact = firstDot > 0 && lastDot > firstDot + 1 && lastDot < text.length - 1;
    if (!isCompact || text.indexOf('.', firstDot + 1) !== lastDot) return 'not-compact';
    const payload = bytesOf(text.slice(firstDot + 1, lastDot));
    const signature = bytesOf(text.slice(lastDot + 1));
    if (payload === undefined || signature === undefined) return 'not-canonical';
    const header = headerOf(text.slice(0, firstDot));
    if (typeof header === 'string') return header;
    const claims = readObject(payload, rules.largeIntegers);
    if (typeof claims === 'string') return claims;
    const { alg, algorithm, kid } = header;
    return { alg, algorithm, kid, claims, signed: text.slice(0, lastDot), signature };
  };
}

function readHeader(bytes: Buffer, rules: HeaderRules): TokenHeader | InvalidTokenReason {
  const header = readObject(bytes);
  if (typeof header === 'string') return header;
  const { alg, typ, kid } = header;
  const algorithm = canonicalAlgorithm(alg);
  if (algorithm === undefined || !rules.algorithms.has(algorithm)) return 'algorithm';
  if ('crit' in header || 'b64' in header) return 'critical';
  if (!typeFits(typ, rules.types)) return 'type';
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH)) return 'key-id';
  return { alg: alg as string, algorithm, kid };
}

/** The bytes of a segment. Undefined if the segment is not the one spelling of them (RFC 4648 sections 3.5 and 5). */
function bytesOf(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

function readObject(bytes: Buffer, largeIntegers?: LargeIntegers): FrozenObject | InvalidTokenReason {
  return isUtf8(bytes) ? parseStrictJson(bytes.toString('utf8'), largeIntegers, bytes) : 'not-json';
}

/**
 * A token without `typ` counts as `JWT` ([RFC 7519 section 5.1](https://www.rfc-editor.org/rfc/rfc7519#section-5.1)).
 * Every other type must be written out.
 */
function typeFits(typ: unknown, types: ReadonlySet<string> | undefined): boolean {
  if (types === undefined) return true;
  if (typ === undefined) return types.has('jwt');
  return typeof typ === 'string' && types.has(normaliseType(typ));
}

/**
 * Media types compare without case, and `application/` may be left out
 * ([RFC 7515 section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
 */
export function normaliseType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}
