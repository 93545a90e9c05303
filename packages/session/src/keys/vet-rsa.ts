import type { KeyObject } from 'node:crypto';
import { createRecentCache } from '@regionkit/core/kit';
import type { KeySetReason } from './key-set-error.ts';
import { isFactorable, isFactorableAside } from './vet-modulus.ts';

const MIN_BITS = 2_048;
const MAX_BITS = 8_192;
const MAX_EXPONENT = 0xffff_ffffn;

// Primes p below 168 for which 65537 has few powers modulo p. A modulus that is such a power for all of them comes from
// the generator of CVE-2017-15361. Another modulus passes all these tests by chance less than once in 2^27.
const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157] as const;

/** Takes a modulus whose slow check is left for later. */
export type Later = (modulus: bigint) => void;

/**
 * Why an RSA public key must not be used ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3),
 * [RFC 8725 section 3.4](https://www.rfc-editor.org/rfc/rfc8725#section-3.4)); undefined if it may.
 *
 * @param later is given a modulus that is not checked yet, instead of checking it now
 */
export function vetRsa(key: KeyObject, later?: Later): KeySetReason | undefined {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_BITS) return 'weak-modulus';
  if (modulusLength > MAX_BITS) return 'large-modulus';
  if (publicExponent < 3n || publicExponent > MAX_EXPONENT || publicExponent % 2n === 0n) return 'exponent';
  const modulus = BigInt(`0x${Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url').toString('hex')}`);
  if (modulus % 2n === 0n) return 'invalid';
  if (bearsRocaFingerprint(modulus)) return 'roca';
  const known = factorable.get(nameOf(modulus));
  if (known === undefined && later !== undefined) {
    later(modulus);
    return undefined;
  }
  return (known ?? keep(modulus, isFactorable(modulus))) ? 'factorable' : undefined;
}

/** Checks these moduli now, one after the other, off the event loop: {@link vetRsa} then knows the answers. */
export async function vetModuli(moduli: readonly bigint[]): Promise<void> {
  for (const modulus of moduli) keep(modulus, await isFactorableAside(modulus));
}

/** The same set of keys is read often, and this check takes milliseconds. */
const factorable = createRecentCache<boolean>(256);
function keep(modulus: bigint, answer: boolean): boolean {
  factorable.set(nameOf(modulus), answer);
  return answer;
}

function nameOf(modulus: bigint): string {
  return modulus.toString(36);
}

/** Nemec et al., "The Return of Coppersmith's Attack" (2017), section 4.2. */
export function bearsRocaFingerprint(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => isPowerOf65537(Number(modulus % BigInt(prime)), prime));
}

function isPowerOf65537(residue: number, prime: number): boolean {
  const generator = 65_537 % prime;
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * generator) % prime;
  } while (power !== 1);
  return false;
}
