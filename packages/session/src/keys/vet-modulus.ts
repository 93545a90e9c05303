import { checkPrimeSync } from 'node:crypto';

const SMALL = 10_000n;
const CLOSE_ROUNDS = 100;
const POWERS = [2n, 3n, 5n, 7n, 11n] as const;

/**
 * Whether anybody can factor a modulus in a moment: it has a small factor, is a power of a prime or a prime itself, or is
 * the product of two primes so close that Fermat's method finds them (CVE-2022-26320). No signature under such a key
 * proves anything, and OpenSSL takes all of them.
 */
export function isFactorable(modulus: bigint): boolean {
  for (let divisor = 3n; divisor < SMALL; divisor += 2n) if (modulus % divisor === 0n) return true;
  if (POWERS.some((power) => rootOf(modulus, power) ** power === modulus)) return true;
  let half = rootOf(modulus, 2n) + 1n;
  for (let round = 0; round < CLOSE_ROUNDS; round += 1) {
    const square = half * half - modulus;
    if (rootOf(square, 2n) ** 2n === square) return true;
    half += 1n;
  }
  // One round tells a prime for certain; what else it takes for one is no modulus of two random primes.
  return checkPrimeSync(modulus, { checks: 1 });
}

/** The greatest integer whose power is no more than `value`: Newton's method from above. */
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
