import { constants, createVerify, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { CanonicalAlgorithm } from './algorithms.ts';
import type { CompactToken } from './compact.ts';
import type { VerificationKey } from './keys/key-set.ts';

/** `unavailable`: the crypto engine failed, so nothing is known about the token. */
export type SignatureResult = 'good' | 'signature' | 'unavailable';

type Scheme = readonly [hash: string | null, parameters: Omit<VerifyKeyObjectInput, 'key'>, signatureBytes?: number];

const rsa = (hash: string): Scheme => [hash, { padding: constants.RSA_PKCS1_PADDING }];
// The salt is exactly as long as the hash (RFC 7518 section 3.5).
const pss = (hash: string, saltLength: number): Scheme => [
  hash,
  { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
];
// The two numbers stand side by side in full length (RFC 7518 section 3.4). DER is another format.
const ecdsa = (hash: string, signatureBytes: number): Scheme => [hash, { dsaEncoding: 'ieee-p1363' }, signatureBytes];

const SCHEMES: Readonly<Record<CanonicalAlgorithm, Scheme>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: pss('sha256', 32),
  PS384: pss('sha384', 48),
  PS512: pss('sha512', 64),
  ES256: ecdsa('sha256', 64),
  ES384: ecdsa('sha384', 96),
  ES512: ecdsa('sha512', 132),
  EdDSA: [null, {}],
};

/**
 * Whether a token was signed with a key, by the one algorithm of the key. `here` checks at once and on the event loop;
 * `aside` in a thread of the pool, which takes longer and holds up nothing.
 */
export function checkSignature(
  { signed, signature }: CompactToken,
  { algorithm, key }: VerificationKey,
  where: 'here' | 'aside',
): SignatureResult | Promise<SignatureResult> {
  const [hash, parameters, signatureBytes = signature.length] = SCHEMES[algorithm];
  if (signature.length !== signatureBytes) return 'signature';
  const input = { key, ...parameters };
  if (where === 'aside') {
    return new Promise((resolve) => {
      verify(hash, Buffer.from(signed, 'latin1'), input, signature, (error, good) =>
        resolve(error ? 'unavailable' : resultOf(good)),
      );
    });
  }
  try {
    if (hash === null) return resultOf(verify(hash, Buffer.from(signed, 'latin1'), input, signature));
    // Takes less time than `verify`. Ed25519 does not have it.
    return resultOf(createVerify(hash).update(signed, 'latin1').verify(input, signature));
  } catch {
    return 'unavailable';
  }
}

function resultOf(good: boolean): SignatureResult {
  return good ? 'good' : 'signature';
}
