import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  type SignKeyObjectInput,
  sign as signBytes,
} from 'node:crypto';
import dns from 'node:dns';
import net from 'node:net';
import { type FakeClock, fakeClock } from '@regionkit/core/testing';
import { vi } from 'vitest';
import { createSessionVerifier, type SessionVerifier, type SessionVerifierOptions } from '../src/index.ts';

/** A pair of keys under a name, as an issuer has it. */
export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicPem: string;
  readonly publicJwk: Record<string, unknown> & { kty: string };
}

const HASHES: Record<string, string | null> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' };
const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function makeKey(alg: string, kid: string, modulusLength = 2_048): TestKey {
  const pair = alg.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: CURVES[alg] as string })
    : alg.startsWith('E')
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength });
  return {
    kid,
    alg,
    ...pair,
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    publicJwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } as TestKey['publicJwk'],
  };
}

export const rsa: TestKey = makeKey('RS256', 'rsa-1');
export const otherRsa: TestKey = makeKey('RS256', 'rsa-2');
export const ec: TestKey = makeKey('ES256', 'ec-1');
export const ed: TestKey = makeKey('EdDSA', 'ed-1');

export const jwks = { keys: [rsa.publicJwk, ec.publicJwk, ed.publicJwk] };

export function b64(value: string | Uint8Array): string {
  return Buffer.from(value).toString('base64url');
}

/** The bytes of a signature by any algorithm, also by one the key is not meant for. */
export function signatureOf(data: string, key: KeyObject, alg: string): Buffer {
  const options: SignKeyObjectInput = { key };
  const hash = HASHES[alg.slice(2)] ?? null;
  if (alg.startsWith('PS')) {
    options.padding = constants.RSA_PKCS1_PSS_PADDING;
    options.saltLength = Number(alg.slice(2)) / 8;
  }
  if (alg.startsWith('ES')) options.dsaEncoding = 'ieee-p1363';
  return signBytes(hash, Buffer.from(data), options);
}

/** A correctly signed token of any header and payload: objects, or the very text of them. */
export function craft(
  payload: object | string | Uint8Array,
  { key = rsa, header = {}, alg = key.alg }: { key?: TestKey; header?: object | string; alg?: string } = {},
): string {
  const head = typeof header === 'string' ? header : JSON.stringify({ alg, typ: 'JWT', kid: key.kid, ...header });
  const body = typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
  const data = `${b64(head)}.${b64(body)}`;
  return `${data}.${signatureOf(data, key.privateKey, alg).toString('base64url')}`;
}

export const NOW_MS = Date.UTC(2026, 0, 1);
export const NOW = NOW_MS / 1_000;
export const ISSUER = 'https://auth.example.com';
export const AUDIENCE = 'api';

/** Claims that every rule of {@link verifier} accepts, with changes. `undefined` takes a claim away. */
export function claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: NOW, exp: NOW + 3_600, roles: ['reader'], ...changes };
}

export function verifier<Claims = never>(
  options: Partial<SessionVerifierOptions<Claims>> = {},
): SessionVerifier<Claims> & { readonly clock: FakeClock } {
  const clock = (options.clock as FakeClock | undefined) ?? fakeClock({ wallMs: NOW_MS });
  const made = createSessionVerifier<Claims>({
    keys: jwks,
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    issuer: ISSUER,
    audience: AUDIENCE,
    clock,
    ...options,
  });
  return Object.assign(made, { clock });
}

/** Counts every attempt to resolve a name or to open a socket, and lets none of them happen. */
export function forbidNetwork(): { readonly attempts: () => number; readonly restore: () => void } {
  let attempts = 0;
  const { connect } = net.Socket.prototype;
  const { lookup } = dns;
  const { fetch } = globalThis;
  const refuse = (): never => {
    attempts += 1;
    throw new Error('the network was touched');
  };
  net.Socket.prototype.connect = refuse as never;
  dns.lookup = refuse as never;
  globalThis.fetch = refuse as never;
  return {
    attempts: () => attempts,
    restore: () => {
      net.Socket.prototype.connect = connect;
      dns.lookup = lookup;
      globalThis.fetch = fetch;
    },
  };
}

/** Waits for what another thread or a socket does, however busy the machine is. */
export function until(holds: () => boolean): Promise<boolean> {
  return vi.waitUntil(holds, { timeout: 20_000, interval: 5 });
}

/** How a verification ended: accepted, or why not. */
export function reasonOf(verification: Promise<unknown>): Promise<unknown> {
  return verification.then(
    () => 'accepted',
    (error: { reason?: string; code: string }) => error.reason ?? error.code,
  );
}
