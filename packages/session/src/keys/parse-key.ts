import { createPublicKey, type KeyObject } from 'node:crypto';
import { type CanonicalAlgorithm, canonicalAlgorithm, type KeyKind, kindOf } from '../algorithms.ts';
import type { KeySetReason } from './key-set-error.ts';
import { tidyPem } from './pem.ts';
import { vetEd25519 } from './vet-ed25519.ts';
import { type Later, vetRsa } from './vet-rsa.ts';

/**
 * A key that may verify signatures; `aside` if this verifier has no use for it; or the reason why it must not be used.
 */
export type ParsedKey =
  | {
      readonly kind: 'key';
      readonly key: KeyObject;
      readonly algorithm: CanonicalAlgorithm;
      readonly kid: string | undefined;
    }
  | { readonly kind: 'aside' }
  | { readonly kind: 'bad'; readonly reason: KeySetReason };

const ASIDE: ParsedKey = { kind: 'aside' };
const MAX_PEM_LENGTH = 16_384;
const MAX_MEMBER_LENGTH = 2_048;
const MAX_KID_LENGTH = 256;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const PUBLIC_PEM = /^-----BEGIN (?:RSA )?PUBLIC KEY-----\n[\w+/=\n]+-----END (?:RSA )?PUBLIC KEY-----$/;
const BASE64URL = /^[\w-]+$/;
const KTYS = new Map([
  ['RSA', ['n', 'e']],
  ['EC', ['crv', 'x', 'y']],
  ['OKP', ['crv', 'x']],
]);
const CURVES = new Map([
  ['prime256v1', 'EC P-256'],
  ['secp384r1', 'EC P-384'],
  ['secp521r1', 'EC P-521'],
]) as ReadonlyMap<string | undefined, KeyKind>;

/** Node checks the points of the NIST curves when it reads them. */
const VET: { readonly [Kind in KeyKind]?: (key: KeyObject, later?: Later) => KeySetReason | undefined } = {
  RSA: vetRsa,
  'OKP Ed25519': vetEd25519,
};

/**
 * Vets one key, a PEM or a JWK, for a verifier that allows `algorithms`.
 *
 * @param later is given what takes long to vet, in place of vetting it now
 */
export function parseKey(given: unknown, algorithms: ReadonlySet<CanonicalAlgorithm>, later?: Later): ParsedKey {
  if (typeof given === 'string')
    return given.length > MAX_PEM_LENGTH ? bad('invalid') : parsePem(tidyPem(given), algorithms, later);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return bad('not-a-key');
  return parseJwk(withoutNulls(given), algorithms, later);
}

/** Some serialisers write `null` for a missing member. */
function withoutNulls(jwk: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(jwk).filter(([, value]) => value !== null));
}

function parsePem(pem: string, algorithms: ReadonlySet<CanonicalAlgorithm>, later?: Later): ParsedKey {
  if (pem.includes('PRIVATE KEY')) return bad('private');
  if (pem.includes('CERTIFICATE')) return bad('certificate');
  if (!PUBLIC_PEM.test(pem)) return bad('not-a-key');
  return finish(() => createPublicKey(pem), undefined, undefined, algorithms, later);
}

function parseJwk(
  jwk: Readonly<Record<string, unknown>>,
  algorithms: ReadonlySet<CanonicalAlgorithm>,
  later?: Later,
): ParsedKey {
  const { kty, kid, alg } = jwk;
  if (kty === 'oct') return bad('symmetric');
  if (PRIVATE_MEMBERS.some((member) => jwk[member] !== undefined)) return bad('private');
  if (typeof kty !== 'string') return bad('not-a-key');
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH))
    return bad('invalid');
  const purpose = purposeOf(jwk);
  if (purpose !== 'verify') return purpose;
  const members = KTYS.get(kty);
  if (members === undefined) return ASIDE;
  const shape: Record<string, string> = { kty };
  for (const member of members) {
    const value = jwk[member];
    if (typeof value !== 'string' || !BASE64URL.test(value)) return bad('invalid');
    if (value.length > MAX_MEMBER_LENGTH) return bad(member === 'n' ? 'large-modulus' : 'invalid');
    shape[member] = value;
  }
  if (kty !== 'RSA' && ![...CURVES.values(), 'OKP Ed25519'].includes(`${kty} ${shape['crv']}`)) return ASIDE;
  const algorithm = alg === undefined ? undefined : canonicalAlgorithm(alg);
  if (alg !== undefined && algorithm === undefined) return jwk['use'] === 'sig' ? bad('conflict') : ASIDE;
  return finish(() => createPublicKey({ key: shape, format: 'jwk' }), algorithm, kid, algorithms, later);
}

/** RFC 7517 sections 4.2 and 4.3. An encryption key in a JWKS is ignored, unless it claims to sign as well. */
function purposeOf(jwk: Readonly<Record<string, unknown>>): 'verify' | ParsedKey {
  const { use, key_ops: operations, alg } = jwk;
  if (use !== undefined && typeof use !== 'string') return bad('conflict');
  if (alg !== undefined && typeof alg !== 'string') return bad('conflict');
  if (alg !== undefined && /^(?:HS\d|none$)/i.test(alg)) return bad('conflict');
  if (operations !== undefined) {
    if (!Array.isArray(operations) || new Set(operations).size !== operations.length) return bad('conflict');
    if (!operations.includes('verify')) {
      return use === 'sig' || operations.includes('sign') ? bad('conflict') : ASIDE;
    }
  }
  if (use === undefined || use === 'sig') return 'verify';
  return canonicalAlgorithm(alg) !== undefined || operations?.includes('verify') ? bad('conflict') : ASIDE;
}

function finish(
  read: () => KeyObject,
  declared: CanonicalAlgorithm | undefined,
  kid: string | undefined,
  algorithms: ReadonlySet<CanonicalAlgorithm>,
  later?: Later,
): ParsedKey {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    return bad('invalid');
  }
  const kind = keyKind(key);
  if (kind === undefined) return bad('unsupported-type');
  if (declared !== undefined && kindOf(declared) !== kind) return bad('conflict');
  const weakness = VET[kind]?.(key, later);
  if (weakness !== undefined) return bad(weakness);
  const fitting = [...algorithms].filter((algorithm) => kindOf(algorithm) === kind);
  if (declared === undefined && fitting.length > 1) return bad('ambiguous-algorithm');
  const algorithm = declared ?? fitting[0];
  if (algorithm === undefined || !algorithms.has(algorithm)) return ASIDE;
  return { kind: 'key', key, algorithm, kid };
}

/** The real kind of a key, whatever its label says. */
export function keyKind(key: KeyObject): KeyKind | undefined {
  if (key.asymmetricKeyType === 'rsa') return 'RSA';
  if (key.asymmetricKeyType === 'ed25519') return 'OKP Ed25519';
  if (key.asymmetricKeyType === 'ec') return CURVES.get(key.asymmetricKeyDetails?.namedCurve);
  return undefined;
}

function bad(reason: KeySetReason): ParsedKey {
  return { kind: 'bad', reason };
}
