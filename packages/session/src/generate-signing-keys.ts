import { createPublicKey } from 'node:crypto';
import { check } from '@regionkit/core/kit';
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, type JWK } from 'jose';
import { SESSION_ALGORITHMS, type SessionAlgorithm } from './algorithms.ts';
import { thumbprintOf } from './keys/thumbprint.ts';

/**
 * A new key pair in every usual form. The private forms are not enumerable, so no log shows them by accident.
 * `JSON.stringify` of this object throws, because it would silently lose the private key: store `privatePem` or
 * `privateJwk`.
 */
export interface SigningKeys {
  /** The [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638) thumbprint of the public key. */
  readonly kid: string;
  readonly algorithm: SessionAlgorithm;
  /** PKCS #8. */
  readonly privatePem: string;
  readonly privateJwk: JWK;
  /** SPKI. */
  readonly publicPem: string;
  readonly publicJwk: JWK;
  /** A JWKS with the public key only. Give it to verifiers. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

/**
 * Makes a key pair, for first use and for rotation. Put the private key into the secret store of the issuer and nowhere
 * else.
 *
 * @example
 * ```ts
 * const { privateJwk, jwks } = await generateSigningKeys({ algorithm: 'ES256' });
 * ```
 *
 * @param options.algorithm RS256 verifies fastest; ES256 and EdDSA make the shortest tokens. Default: RS256
 * @param options.modulusBits size of an RSA key in bits. Default: 2,048
 * @throws {TypeError | RangeError} An option is wrong.
 */
export async function generateSigningKeys(
  options: { readonly algorithm?: SessionAlgorithm; readonly modulusBits?: number } = {},
): Promise<SigningKeys> {
  check.object('generateSigningKeys: options', options, ['algorithm', 'modulusBits']);
  const { algorithm = 'RS256', modulusBits = 2_048 } = options;
  check.oneOf('generateSigningKeys: algorithm', algorithm, SESSION_ALGORITHMS);
  check.integer('generateSigningKeys: modulusBits', modulusBits, { min: 2_048, max: 8_192 });
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: modulusBits });
  const publicPem = await exportSPKI(pair.publicKey);
  const kid = thumbprintOf(createPublicKey(publicPem));
  const named = { kid, alg: algorithm, use: 'sig' };
  const publicJwk = { ...(await exportJWK(pair.publicKey)), ...named };
  return hiding(
    { kid, algorithm, publicPem, publicJwk, jwks: { keys: [publicJwk] } },
    {
      privatePem: await exportPKCS8(pair.privateKey),
      privateJwk: { ...(await exportJWK(pair.privateKey)), ...named },
      toJSON: () => {
        throw new TypeError(
          'JSON.stringify of generateSigningKeys() would lose the private key: store privatePem or privateJwk in the secret store of the issuer, and give jwks to the verifiers',
        );
      },
    },
  );
}

/** Returns `shown` with the members of `hidden` added. Code can read these, but they are not enumerable. */
function hiding<A extends object, B extends object>(shown: A, hidden: B): A & B {
  for (const [name, value] of Object.entries(hidden)) Object.defineProperty(shown, name, { value });
  return shown as A & B;
}
