import { checkPrime, checkPrimeSync } from 'node:crypto';
import { promisify } from 'node:util';

const SMALL = 10_000n;
const CLOSE_ROUNDS = 100;
const POWERS = [2n, 3n, 5n, 7n, 11n] as const;

/** The squares modulo 64: five numbers in six are told from a square without their root. */
const SQUARES_64: ReadonlySet<number> = new Set([0, 1, 4, 9, 16, 17, 25, 33, 36, 41, 49, 57]);
/** One round identifies every prime. Any other number it marks is not a product of two random primes either. */
const ONE_ROUND = { checks: 1 } as const;
const isPrime = promisify(checkPrime) as (candidate: bigint, options: typeof ONE_ROUND) => Promise<boolean>;

/**
 * Whether an attacker can factor a modulus at once: it has a small factor, is a power of a prime or a prime itself, or
 * is the product of two primes so close that Fermat's method finds them (CVE-2022-26320). A signature under such a key
 * proves nothing, and OpenSSL accepts all of them.
 */
export function isFactorable(modulus: bigint): boolean {
  return hasKnownForm(modulus) || checkPrimeSync(modulus, ONE_ROUND);
}

/** The same, with its slow part, the test for a prime, in another thread. */
export async function isFactorableAside(modulus: bigint): Promise<boolean> {
  return hasKnownForm(modulus) || isPrime(modulus, ONE_ROUND);
}

function hasKnownForm(modulus: bigint): boolean {
  for (let divisor = 3n; divisor < SMALL; divisor += 2n) if (modulus % divisor === 0n) return true;
  if (POWERS.some((power) => rootOf(modulus, power) ** power === modulus)) return true;
  let half = rootOf(modulus, 2n) + 1n;
  for (let round = 0; round < CLOSE_ROUNDS; round += 1) {
    if (isSquare(half * half - modulus)) return true;
    half += 1n;
  }
  return false;
}

function isSquare(value: bigint): boolean {
  return SQUARES_64.has(Number(BigInt.asUintN(6, value))) && rootOf(value, 2n) ** 2n === value;
}

/** The greatest integer whose power is at most `value`. Newton's method from above. */
function rootOf(value: bigint, power: bigint): bigint {
  if (value < 2n) return value;
  const bits = BigInt(value.toString(16).length) * 4n;
  let guess = 1n << (bits / power + 1n);
  for (;;) {
    const next = ((power - 1n) * guess + value / guess ** (power - 1n)) / power;
    if (next >= guess) return guess;
    guess = next;
  }
}
