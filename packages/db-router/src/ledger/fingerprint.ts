import { createHash } from 'node:crypto';

/**
 * Returns a short text that differs if any part differs (SHA-256): the method, the path and the body of a request.
 *
 * @example
 * ```ts
 * const fingerprint = fingerprintOf('POST', '/orders', JSON.stringify({ customer: 7 }));
 * ```
 */
export function fingerprintOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    // With its length before it, no part can pass for the end of another.
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return hash.digest('base64url');
}
