import { inspect } from 'node:util';
import { live } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import {
  createSessionIssuer,
  generateSigningKeys,
  type SessionAlgorithm,
  type SessionIssuerOptions,
  type SigningKeySource,
} from '../src/index.ts';
import { thumbprintOf } from '../src/keys/thumbprint.ts';
import { AUDIENCE, ec, ed, ISSUER, makeKey, NOW, NOW_MS, rsa, type TestKey, verifier } from './support.ts';

const pem = (key: TestKey): string => key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const issuer = (options: Partial<SessionIssuerOptions> = {}): ReturnType<typeof createSessionIssuer> =>
  createSessionIssuer({
    key: pem(rsa),
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: fakeClock({ wallMs: NOW_MS + 123 }),
    ...options,
  });

describe('createSessionIssuer().issue()', () => {
  it('issues what a verifier with the same names accepts', async () => {
    const made = issuer({ audience: ['api', 'admin'] });
    const token = await made.issue({ sub: 'alice', roles: ['admin'], sid: 's1', claims: { tenant: 7 } });
    const session = await verifier({ keys: made.publicJwk() }).verify(token);
    expect(session).toMatchObject({ sub: 'alice', sid: 's1', iat: NOW + 0.123, exp: NOW + 3_600 });
    expect(session.roles.has('admin')).toBe(true);
    expect(session.claims).toMatchObject({ tenant: 7, aud: ['api', 'admin'], jti: session.jti });
    expect(session.kid).toBe(thumbprintOf(rsa.publicKey));
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'JWT', kid: session.kid });
    const { payload } = await jwtVerify(token, rsa.publicKey, {
      issuer: ISSUER,
      audience: 'admin',
      currentDate: new Date(NOW_MS + 200),
    });
    expect(payload.sub).toBe('alice');
  });

  it.each<[SessionAlgorithm | undefined, TestKey, string]>([
    [undefined, rsa, 'RS256'],
    ['PS384', rsa, 'PS384'],
    [undefined, ec, 'ES256'],
    [undefined, makeKey('ES512', 'p521'), 'ES512'],
    [undefined, ed, 'EdDSA'],
    ['Ed25519', ed, 'Ed25519'],
  ])('signs with %s under the right name', async (algorithm, key, alg) => {
    const made = issuer({ key: pem(key), ...(algorithm && { algorithm }) });
    const token = await made.issue({ sub: 'alice' });
    expect(decodeProtectedHeader(token).alg).toBe(alg);
    const sessions = verifier({ keys: made.publicJwk(), algorithms: [alg as SessionAlgorithm] });
    await expect(sessions.verify(token)).resolves.toMatchObject({ sub: 'alice' });
  });

  it('never gives the longest lifetime a verifier allows away by rounding', async () => {
    const made = issuer({ lifetimeMs: 86_400_000, clock: fakeClock({ wallMs: NOW_MS + 999 }) });
    const token = await made.issue({ sub: 'alice' });
    await expect(verifier({ keys: made.publicJwk() }).verify(token)).resolves.toBeDefined();
  });

  it('names every session and every token', async () => {
    const made = issuer();
    const sessions = verifier({ keys: made.publicJwk() });
    const [a, b] = await Promise.all([made.issue({ sub: 'alice' }), made.issue({ sub: 'alice' })]);
    const [first, second] = [await sessions.verify(a), await sessions.verify(b)];
    expect(first.sid).not.toBe(second.sid);
    expect(first.jti).not.toBe(second.jti);
  });

  it('refuses to issue what verifiers refuse', async () => {
    const made = issuer();
    const bad = async (grant: object): Promise<unknown> => made.issue(grant as never).catch((error: unknown) => error);
    expect(await bad({ sub: '' })).toBeInstanceOf(RangeError);
    expect(await bad({})).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', roles: 'admin' })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', claims: { exp: 1 } })).toMatchObject({ message: expect.stringContaining('exp') });
    expect(await bad({ sub: 'a', claims: { roles: [] } })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', claims: { id: 2 ** 60 } })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', claims: { bad: '\ud800' } })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: '\ud800' })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', sid: '\udc00' })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', roles: ['\ud800'] })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', claims: { toJSON: () => ({ sub: 'b', exp: 1 }) } })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', claims: { toJSON: () => undefined } })).toBeInstanceOf(TypeError);
    expect(await bad({ sub: 'a', lifetimeMs: 3_600_001 })).toBeInstanceOf(RangeError);
    expect(await bad({ sub: 'a', claims: { pad: 'x'.repeat(8_192) } })).toMatchObject({
      message: expect.stringMatching(/at most 8192 bytes; this one has \d+/),
    });
  });

  it('signs what it has checked: the JSON of an object, not what is behind it', async () => {
    class Price {
      readonly #cents = 700;
      readonly supplier = 'nobody’s business';
      toJSON(): string {
        return `${this.#cents / 100} EUR`;
      }
    }
    const made = issuer();
    const token = await made.issue({ sub: 'alice', claims: { price: new Price(), since: new Date(NOW_MS) } });
    const { claims } = await verifier({ keys: made.publicJwk() }).verify(token);
    expect(claims).toMatchObject({ price: '7 EUR', since: new Date(NOW_MS).toISOString() });
  });

  it('signs with a new key as soon as there is one, and with the last good one otherwise', async () => {
    const key = live<SigningKeySource>(pem(rsa));
    const made = issuer({ key });
    const changed = vi.fn();
    const rejected = vi.fn();
    made.on('signing-key', changed);
    made.on('signing-key-rejected', rejected);
    key.set(pem(ec));
    expect(decodeProtectedHeader(await made.issue({ sub: 'alice' })).alg).toBe('ES256');
    key.set('nonsense');
    key.set(pem(makeKey('RS256', 'weak', 1_024)));
    expect(decodeProtectedHeader(await made.issue({ sub: 'alice' })).alg).toBe('ES256');
    expect(changed.mock.calls).toEqual([[{ kid: thumbprintOf(ec.publicKey) }]]);
    expect(rejected.mock.calls).toEqual([[{ reason: 'invalid' }], [{ reason: 'weak-modulus' }]]);
    await made.close();
    key.set(pem(ed));
    expect(changed).toHaveBeenCalledTimes(1);
  });
});

describe('a signing key', () => {
  it.each<[string, unknown, string]>([
    ['public PEM', rsa.publicPem, 'invalid'],
    ['public JWK', rsa.publicJwk, 'invalid'],
    ['symmetric JWK', { kty: 'oct', k: 'AAAA' }, 'invalid'],
    ['weak', pem(makeKey('RS256', 'weak', 1_024)), 'weak-modulus'],
    [
      'encrypted PEM',
      rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
      'encrypted',
    ],
    [
      'encrypted PEM of PKCS #1',
      rsa.privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
      'encrypted',
    ],
    ['for encryption', { ...rsa.privateKey.export({ format: 'jwk' }), use: 'enc' }, 'conflict'],
    ['of another algorithm', { ...rsa.privateKey.export({ format: 'jwk' }), alg: 'ES256' }, 'conflict'],
    ['symmetric by name', { ...rsa.privateKey.export({ format: 'jwk' }), alg: 'HS256' }, 'conflict'],
    ['JSON that is none', '{', 'not-json'],
  ])('that is %s is refused', (_, key, reason) => {
    expect(() => issuer({ key: key as string })).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_KEY_SET', reason }),
    );
  });

  it('never shows in an error', () => {
    const secret = rsa.privateKey.export({ format: 'jwk' });
    for (const key of [{ ...secret, alg: 'ES256' }, `${pem(rsa)}x`.replace('-----BEGIN', '----BEGIN')]) {
      try {
        issuer({ key: key as never });
        expect.unreachable();
      } catch (error) {
        expect(inspect(error, { depth: 9 })).not.toContain(String(secret.d).slice(0, 16));
        expect((error as Error).cause).toBeUndefined();
      }
    }
  });

  it('checks the other options by name', () => {
    expect(() => issuer({ issuer: '' })).toThrow(/createSessionIssuer: issuer/);
    expect(() => issuer({ audience: [] })).toThrow(/audience/);
    expect(() => issuer({ clock: {} as never })).toThrow(/createSessionIssuer: clock.now must be a function/);
    expect(() => issuer({ lifetimeMs: 10 })).toThrow(/lifetimeMs/);
    expect(() => issuer({ algorithm: 'HS256' as never })).toThrow(/algorithm/);
    expect(() => issuer({ algorithm: 'ES256' })).toThrow(/contradict/);
  });
});

describe('a misspelt wish is never taken silently', () => {
  it('in a grant', async () => {
    for (const wrong of [{ lifetimeMS: 60_000 }, { role: ['admin'] }, { exp: 1 }, { Sub: 'alice' }]) {
      await expect(issuer().issue({ sub: 'alice', ...wrong } as never)).rejects.toThrow(Object.keys(wrong)[0] ?? '');
    }
    await expect(issuer().issue(undefined as never)).rejects.toThrow(/^issue: grant must be an object/);
  });

  it('for new keys', async () => {
    await expect(generateSigningKeys({ alg: 'ES256' } as never)).rejects.toThrow(/alg/);
  });
});

describe('generateSigningKeys()', () => {
  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'] as const)(
    'makes %s keys for both sides',
    async (algorithm) => {
      const keys = await generateSigningKeys({ algorithm });
      for (const key of [keys.privatePem, keys.privateJwk as SigningKeySource, JSON.stringify(keys.privateJwk)]) {
        const token = await issuer({ key, algorithm }).issue({ sub: 'alice' });
        for (const source of [keys.jwks, keys.publicPem, { [keys.kid]: keys.publicPem }, JSON.stringify(keys.jwks)]) {
          const sessions = verifier({ keys: source, algorithms: [algorithm] });
          await expect(sessions.verify(token)).resolves.toMatchObject({ kid: keys.kid });
        }
      }
    },
  );

  it('shows nothing private by accident', async () => {
    const keys = await generateSigningKeys({ algorithm: 'ES256' });
    const secret = String(keys.privateJwk.d);
    expect(secret.length).toBeGreaterThan(20);
    expect(inspect(keys, { depth: 9 }) + JSON.stringify({ ...keys })).not.toContain(secret);
    expect(inspect(keys)).not.toContain('PRIVATE');
  });

  it('loses nothing private by accident: JSON of the whole says what to store', async () => {
    const keys = await generateSigningKeys({ algorithm: 'ES256' });
    for (const whole of [keys, { keys }, [keys]]) {
      expect(() => JSON.stringify(whole)).toThrow(/store privatePem or privateJwk/);
    }
  });

  it('refuses weak wishes', async () => {
    await expect(generateSigningKeys({ modulusBits: 1_024 })).rejects.toThrow(RangeError);
    await expect(generateSigningKeys({ algorithm: 'HS256' as never })).rejects.toThrow(RangeError);
  });
});
