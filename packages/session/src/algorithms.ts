/** The signature algorithms a session may use: RFC 7518 section 3.1 and RFC 8037. `Ed25519` (RFC 9864) is `EdDSA`. */
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

/** An algorithm under its one name. */
export type CanonicalAlgorithm = Exclude<SessionAlgorithm, 'Ed25519'>;

/** The kind of key an algorithm takes: `kty`, and `crv` where there is one. */
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

/** What an `algorithms` option may name. */
export const SESSION_ALGORITHMS: readonly SessionAlgorithm[] = [...KINDS.keys(), 'Ed25519'];

/** The one name of an algorithm; undefined for anything else, `none` in every spelling and HMAC included. */
export function canonicalAlgorithm(alg: unknown): CanonicalAlgorithm | undefined {
  if (alg === 'Ed25519') return 'EdDSA';
  return KINDS.has(alg as CanonicalAlgorithm) ? (alg as CanonicalAlgorithm) : undefined;
}

/** The kind of key an algorithm takes. */
export function kindOf(algorithm: CanonicalAlgorithm): KeyKind {
  return KINDS.get(algorithm) as KeyKind;
}
