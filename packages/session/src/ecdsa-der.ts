/**
 * An ECDSA signature as DER ([RFC 3279 section 2.2.3](https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3)), from the
 * two numbers side by side in full length ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
 * Undefined if it has another length. Node reads both forms, but only with DER it takes a key without parameters, which
 * Node 24 checks in two thirds of the time.
 */
export function ecdsaDer(signature: Uint8Array, numberBytes: number): Uint8Array | undefined {
  if (signature.length !== 2 * numberBytes) return undefined;
  const r = startOf(signature, 0, numberBytes);
  const s = startOf(signature, numberBytes, signature.length);
  const rLength = lengthFrom(signature, r, numberBytes);
  const sLength = lengthFrom(signature, s, signature.length);
  const length = 4 + rLength + sLength;
  const start = length < 128 ? 2 : 3;
  const der = new Uint8Array(start + length);
  der[0] = 0x30;
  if (start === 3) der[1] = 0x81;
  der[start - 1] = length;
  writeInteger(der, start, signature, r, numberBytes, rLength);
  writeInteger(der, start + 2 + rLength, signature, s, signature.length, sLength);
  return der;
}

/** Where a number begins without its leading zeros. */
function startOf(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to - 1 && bytes[at] === 0) at += 1;
  return at;
}

/** A first bit that is set would be a minus sign, so a zero byte comes before it (X.690 section 8.3). */
function lengthFrom(bytes: Uint8Array, from: number, to: number): number {
  return to - from + ((bytes[from] as number) < 128 ? 0 : 1);
}

/** A loop copies so few bytes faster than `set`. */
function writeInteger(der: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number, length: number): void {
  der[at] = 0x02;
  der[at + 1] = length;
  const shift = at + 2 + length - to;
  for (let digit = from; digit < to; digit += 1) der[digit + shift] = bytes[digit] as number;
}
