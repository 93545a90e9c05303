import { constants, createVerify, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { CanonicalAlgorithm } from './algorithms.ts';
import type { CompactToken } from './compact.ts';
import { ecdsaDer } from './ecdsa-der.ts';
import type { VerificationKey } from './keys/key-set.ts';

/** `unavailable`: the crypto engine failed, so nothing is known about the token. */
export type SignatureResult = 'good' | 'signature' | 'unavailable';

interface Scheme {
  readonly hash: string | null;
  /** The parameters for the key. Without them the key is given plainly, which newer versions of Node check faster. */
  readonly parameters?: Omit<VerifyKeyObjectInput, 'key'>;
  /** How long each of the two numbers of the signature is. */
  readonly numberBytes?: number;
}

/** For an RSA key without parameters Node uses PKCS #1 v1.5. */
const rsa = (hash: string): Scheme => ({ hash });
// The salt is exactly as long as the hash (RFC 7518 section 3.5).
const pss = (hash: string, saltLength: number): Scheme => ({
  hash,
  parameters: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
});
const ecdsa = (hash: string, numberBytes: number): Scheme => ({ hash, numberBytes });

const SCHEMES: Readonly<Record<CanonicalAlgorithm, Scheme>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: pss('sha256', 32),
  PS384: pss('sha384', 48),
  PS512: pss('sha512', 64),
  ES256: ecdsa('sha256', 32),
  ES384: ecdsa('sha384', 48),
  ES512: ecdsa('sha512', 66),
  EdDSA: { hash: null },
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
  const { hash, parameters, numberBytes } = SCHEMES[algorithm];
  const bytes = numberBytes === undefined ? signature : ecdsaDer(signature, numberBytes);
  if (bytes === undefined) return 'signature';
  const input: KeyObject | VerifyKeyObjectInput = parameters === undefined ? key : { key, ...parameters };
  if (where === 'aside') {
    const checked = new Promise<SignatureResult>((resolve) => {
      verify(hash, Buffer.from(signed, 'latin1'), input, bytes, (error, good) =>
        resolve(error ? 'unavailable' : resultOf(good)),
      );
    });
    // `verify` throws for a key that it cannot use, and does not call back.
    return checked.catch(() => 'unavailable');
  }
  try {
    if (hash === null) return resultOf(verify(hash, Buffer.from(signed, 'latin1'), input, bytes));
    // Takes less time than `verify`. Ed25519 does not have it.
    return resultOf(createVerify(hash).update(signed, 'latin1').verify(input, bytes));
  } catch {
    return 'unavailable';
  }
}

function resultOf(good: boolean): SignatureResult {
  return good ? 'good' : 'signature';
}
