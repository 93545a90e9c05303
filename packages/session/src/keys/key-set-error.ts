import { RegionKitError } from '@regionkit/core';

const MESSAGES = {
  empty: 'there is no key in it',
  'no-usable-key': 'no key in it is a signature key of an allowed algorithm',
  'too-many': 'there are more than 64 keys in it',
  'not-a-key': 'it is not a PEM, a JWK, a JWKS, or a map from kid to one of them',
  invalid: 'the key cannot be read: a member is missing or malformed, or the point is not on its curve',
  encrypted:
    'the private key is encrypted: decrypt it where it is stored (openssl pkey), and keep it in the secret store',
  certificate: 'it is a certificate: extract its public key, whose validity is not the certificate’s',
  private: 'the key is private: a verifier must hold public keys only',
  symmetric: 'the key is symmetric: who can verify with it can sign with it',
  'unsupported-type': 'the key is neither RSA, P-256, P-384, P-521 nor Ed25519',
  'weak-modulus': 'the RSA modulus has fewer than 2,048 bits',
  'large-modulus': 'the RSA modulus has more than 8,192 bits',
  exponent: 'the RSA public exponent is not odd, or not from 3 to 4,294,967,295',
  factorable: 'the RSA modulus is a prime, a power of one, or has factors that are easy to find: it is not an RSA key',
  roca: 'the RSA modulus bears the fingerprint of ROCA (CVE-2017-15361): its private key can be computed',
  'small-order': 'the Ed25519 key is a point of small order: signatures under it can be made without a private key',
  conflict: 'kty, crv, alg, use, key_ops or kid contradict one another',
  'duplicate-kid': 'two keys have the same kid',
  'ambiguous-algorithm': 'the RSA key fits several of the algorithms: give it as a JWK with alg',
  'insecure-url': 'the URL of a JWKS must be https (http on loopback, or with development: true), without credentials',
  unreachable: 'the JWKS could not be fetched in time',
  status: 'the server of the JWKS did not answer 200',
  redirect: 'the server of the JWKS redirected: give the final URL',
  'too-large': 'the JWKS is larger than remote.maxBytes',
  'not-json': 'it is not valid JSON, or names a member twice',
} as const;

/**
 * Why a set of keys is refused. The set of reasons is closed; the same string is the label of the event
 * `keys-rejected`.
 */
export type KeySetReason = keyof typeof MESSAGES;

/**
 * A set of keys that must not be used. The factory throws it. If a set turns bad later, the event `keys-rejected`
 * reports it and the last good set stays in use.
 */
export class KeySetError extends RegionKitError<'ERR_SESSION_KEY_SET'> {
  readonly reason: KeySetReason;
  /** The position of the key in the set, from 0. Undefined if the error is not about one key. */
  readonly position: number | undefined;

  constructor(reason: KeySetReason, position?: number) {
    super(
      'ERR_SESSION_KEY_SET',
      `the keys are refused${position === undefined ? '' : ` at position ${position}`}: ${MESSAGES[reason]}`,
    );
    this.reason = reason;
    this.position = position;
  }
}
