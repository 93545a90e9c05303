import { createHash, type KeyObject } from 'node:crypto';

/**
 * The JWK thumbprint of a public key with SHA-256 ([RFC 7638](https://www.rfc-editor.org/rfc/rfc7638)). It names a key,
 * and needs no agreement.
 */
export function thumbprintOf(publicKey: KeyObject): string {
  const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' });
  // The required members of each kind, in the order of their names: RFC 7638 section 3.2 and RFC 8037 section 2.
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
