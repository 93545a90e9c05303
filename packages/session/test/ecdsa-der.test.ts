import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ecdsaDer } from '../src/ecdsa-der.ts';

/** Reads what was written, by the rules of DER: the shortest lengths and the shortest integers that are not negative. */
function numbersOf(der: Uint8Array): readonly bigint[] {
  let at = 0;
  const next = (): number => der[at++] as number;
  const length = (): number => {
    const first = next();
    if (first < 128) return first;
    expect(first).toBe(0x81);
    const long = next();
    expect(long).toBeGreaterThanOrEqual(128);
    return long;
  };
  const integer = (): bigint => {
    expect(next()).toBe(0x02);
    const digits = der.subarray(at + 1, at + 1 + length());
    at += digits.length;
    expect(digits.length).toBeGreaterThan(0);
    expect(digits[0]).toBeLessThan(128);
    if (digits.length > 1 && digits[0] === 0) expect(digits[1]).toBeGreaterThanOrEqual(128);
    return BigInt(`0x${Buffer.from(digits).toString('hex')}`);
  };
  expect(next()).toBe(0x30);
  expect(length()).toBe(der.length - at);
  const numbers = [integer(), integer()];
  expect(at).toBe(der.length);
  return numbers;
}

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

describe('ecdsaDer()', () => {
  it.each([32, 48, 66])('writes two numbers of %i bytes in the one form of DER', (numberBytes) => {
    const byte = fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat({ max: 255 }));
    const zeros = fc.nat({ max: numberBytes });
    const half = fc
      .tuple(fc.array(byte, { minLength: numberBytes, maxLength: numberBytes }), zeros)
      .map(([bytes, count]) => Uint8Array.from(bytes).fill(0, 0, count));
    fc.assert(
      fc.property(half, half, (r, s) => {
        expect(numbersOf(ecdsaDer(Buffer.concat([r, s]), numberBytes) ?? new Uint8Array())).toEqual([
          number(r),
          number(s),
        ]);
      }),
      { seed: 12, numRuns: 500 },
    );
  });

  it('takes no other length', () => {
    for (const length of [0, 1, 63, 65, 70, 96]) expect(ecdsaDer(new Uint8Array(length), 32)).toBeUndefined();
  });

  it.each([
    ['P-256', 'sha256', 32],
    ['P-384', 'sha384', 48],
    ['P-521', 'sha512', 66],
  ])('gives what the engine verifies: %s', (namedCurve, hash, numberBytes) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    for (let at = 0; at < 20; at += 1) {
      const data = Buffer.from(`${at}`);
      const signature = sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(verify(hash, data, publicKey, ecdsaDer(signature, numberBytes) as Uint8Array)).toBe(true);
    }
  });
});
