import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type CanonicalAlgorithm, canonicalAlgorithm, type KeyKind, type SessionAlgorithm } from '../algorithms.ts';
import { parseStrictJson } from '../strict-json.ts';
import { KeySetError } from './key-set-error.ts';
import { keyKind, parseKey } from './parse-key.ts';
import { tidyPem, unquoted } from './pem.ts';
import { thumbprintOf } from './thumbprint.ts';
import type { Later } from './vet-rsa.ts';

/** A private key: a PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted), a JWK, or the JSON text of one. */
export type SigningKeySource = string | { readonly kty: string };

/** A private key that is ready to sign. */
export interface SigningKey {
  readonly kid: string;
  /** As written in the header. */
  readonly alg: SessionAlgorithm;
  readonly key: KeyObject;
  readonly publicJwk: Readonly<Record<string, unknown>> & { readonly kty: string };
}

const USUAL: Readonly<Record<KeyKind, CanonicalAlgorithm>> = {
  RSA: 'RS256',
  'EC P-256': 'ES256',
  'EC P-384': 'ES384',
  'EC P-521': 'ES512',
  'OKP Ed25519': 'EdDSA',
};

/**
 * Reads and vets a private key; its `kid` is the [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638) thumbprint unless
 * it is a JWK that has one.
 *
 * @param algorithm what it signs with; undefined for its own `alg`, or the usual one of its kind
 * @param later is given what takes long to vet, in place of vetting it now: the key is then not to be used
 * @throws {KeySetError} It must not be used.
 */
export function readSigningKey(
  source: SigningKeySource,
  algorithm: SessionAlgorithm | undefined,
  later?: Later,
): SigningKey {
  const text = typeof source === 'string' ? unquoted(source) : undefined;
  const given = text?.startsWith('{') ? parseStrictJson(text) : source;
  if (given === 'not-json' || given === 'duplicate-member') throw new KeySetError('not-json');
  if (typeof given === 'string' && /ENCRYPTED/.test(given)) throw new KeySetError('encrypted');
  let key: KeyObject;
  try {
    key =
      typeof given === 'string'
        ? createPrivateKey(tidyPem(given))
        : createPrivateKey({ key: { ...given } as never, format: 'jwk' });
  } catch {
    throw new KeySetError('invalid');
  }
  const jwk = (typeof given === 'string' ? {} : given) as { kid?: unknown; alg?: unknown; use?: unknown };
  const kind = keyKind(key);
  if (kind === undefined) throw new KeySetError('unsupported-type');
  const alg = algorithm ?? jwk.alg ?? USUAL[kind];
  const canonical = canonicalAlgorithm(alg);
  if (canonical === undefined) throw new KeySetError('conflict');
  if (jwk.alg !== undefined && canonicalAlgorithm(jwk.alg) !== canonical) throw new KeySetError('conflict');
  const publicKey = createPublicKey(key);
  const kid = jwk.kid ?? thumbprintOf(publicKey);
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: jwk.use ?? 'sig' };
  // Verifiers would refuse such a key, so it must not sign.
  const parsed = parseKey(publicJwk, new Set([canonical]), later);
  if (parsed.kind === 'bad') throw new KeySetError(parsed.reason);
  if (parsed.kind === 'aside') throw new KeySetError('conflict');
  return {
    kid: kid as string,
    alg: alg as SessionAlgorithm,
    key,
    publicJwk: Object.freeze(publicJwk) as SigningKey['publicJwk'],
  };
}
