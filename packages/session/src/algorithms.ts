/**
 * The signature algorithms that a session may use:
 * [RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1) and
 * [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037). `Ed25519` ([RFC 9864](https://www.rfc-editor.org/rfc/rfc9864))
 * means `EdDSA`.
 */
export type SessionAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

/** An algorithm under its canonical name. */
export type CanonicalAlgorithm = Exclude<SessionAlgorithm, 'Ed25519'>;

/** The kind of key that an algorithm needs: `kty`, and `crv` if the kind has curves. */
export type KeyKind = 'RSA' | 'EC P-256' | 'EC P-384' | 'EC P-521' | 'OKP Ed25519';

const KINDS: ReadonlyMap<CanonicalAlgorithm, KeyKind> = new Map([
  ['RS256', 'RSA'],
  ['RS384', 'RSA'],
  ['RS512', 'RSA'],
  ['PS256', 'RSA'],
  ['PS384', 'RSA'],
  ['PS512', 'RSA'],
  ['ES256', 'EC P-256'],
  ['ES384', 'EC P-384'],
  ['ES512', 'EC P-521'],
  ['EdDSA', 'OKP Ed25519'],
]);

/** The values that the option `algorithms` accepts. */
export const SESSION_ALGORITHMS: readonly SessionAlgorithm[] = [...KINDS.keys(), 'Ed25519'];

/**
 * The canonical name of an algorithm. Undefined for everything else, which includes `none` in every spelling and HMAC.
 */
export function canonicalAlgorithm(alg: unknown): CanonicalAlgorithm | undefined {
  if (alg === 'Ed25519') return 'EdDSA';
  return KINDS.has(alg as CanonicalAlgorithm) ? (alg as CanonicalAlgorithm) : undefined;
}

/** The kind of key that an algorithm needs. */
export function kindOf(algorithm: CanonicalAlgorithm): KeyKind {
  return KINDS.get(algorithm) as KeyKind;
}
