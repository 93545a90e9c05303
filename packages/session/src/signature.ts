import { constants, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { CanonicalAlgorithm } from './algorithms.ts';
import type { CompactToken } from './compact.ts';
import type { VerificationKey } from './keys/key-set.ts';

type Scheme = readonly [hash: string | null, parameters: Omit<VerifyKeyObjectInput, 'key'>];

const rsa = (hash: string): Scheme => [hash, { padding: constants.RSA_PKCS1_PADDING }];
// The salt is exactly as long as the hash (RFC 7518 section 3.5).
const pss = (hash: string, saltLength: number): Scheme => [
  hash,
  { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
];
// The two numbers stand side by side in full length (RFC 7518 section 3.4). DER is another format.
const ecdsa = (hash: string): Scheme => [hash, { dsaEncoding: 'ieee-p1363' }];

const SCHEMES: Readonly<Record<CanonicalAlgorithm, Scheme>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: pss('sha256', 32),
  PS384: pss('sha384', 48),
  PS512: pss('sha512', 64),
  ES256: ecdsa('sha256'),
  ES384: ecdsa('sha384'),
  ES512: ecdsa('sha512'),
  EdDSA: [null, {}],
};

/**
 * Whether a token was signed with a key, by the one algorithm of the key. Runs off the event loop. `unavailable`: the
 * crypto engine failed, so nothing is known about the token.
 */
export function checkSignature(
  { text }: CompactToken,
  { algorithm, key }: VerificationKey,
): Promise<'good' | 'signature' | 'unavailable'> {
  const [hash, parameters] = SCHEMES[algorithm];
  const lastDot = text.lastIndexOf('.');
  const signed = Buffer.from(text.slice(0, lastDot), 'latin1');
  const signature = Buffer.from(text.slice(lastDot + 1), 'base64url');
  return new Promise((resolve) => {
    verify(hash, signed, { key, ...parameters }, signature, (error, good) => {
      if (error) resolve('unavailable');
      else resolve(good ? 'good' : 'signature');
    });
  });
}
