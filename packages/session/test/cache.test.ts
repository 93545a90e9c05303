import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { FrozenObject } from '../src/index.ts';
import { checkSignature } from '../src/signature.ts';
import { b64, claims, craft, ec, makeKey, NOW, reasonOf, verifier } from './support.ts';

// The real check, counted.
vi.mock('../src/signature.ts', async (original) => {
  const real = await original<typeof import('../src/signature.ts')>();
  return { checkSignature: vi.fn(real.checkSignature) };
});

beforeEach(() => {
  vi.mocked(checkSignature).mockReset();
});

describe.each(['digest', 'token'] as const)('the cache, by %s', (keep) => {
  it('verifies a signature once', async () => {
    const sessions = verifier({ cache: { keep } });
    const token = craft(claims());
    const first = await sessions.verify(token);
    const again = await sessions.verify(Buffer.from(token).toString());
    expect(again).toBe(first);
    expect(checkSignature).toHaveBeenCalledTimes(1);
    expect(sessions.stats()).toMatchObject({ verified: 1, cache: { size: 1, hits: 1 } });
  });

  it('can be switched off', async () => {
    const sessions = verifier({ cache: { max: 0, keep } });
    const token = craft(claims());
    await sessions.verify(token);
    await sessions.verify(token);
    expect(checkSignature).toHaveBeenCalledTimes(2);
    expect(sessions.stats().cache.size).toBe(0);
  });

  it('does not outlive exp, nor the tolerance', async () => {
    const sessions = verifier({ cache: { keep } });
    const token = craft(claims({ exp: NOW + 60 }));
    await sessions.verify(token);
    sessions.clock.stepWall(64_999);
    await expect(sessions.verify(token)).resolves.toBeDefined();
    sessions.clock.stepWall(1);
    expect(await reasonOf(sessions.verify(token))).toBe('expired');
    expect(sessions.stats().cache.size).toBe(0);
  });

  it('refuses a token that has expired from memory, until the clock goes back', async () => {
    const sessions = verifier({ cache: { keep } });
    const token = craft(claims({ exp: NOW + 60 }));
    await sessions.verify(token);
    sessions.clock.stepWall(65_000);
    for (let time = 0; time < 3; time += 1) expect(await reasonOf(sessions.verify(token))).toBe('expired');
    expect(checkSignature).toHaveBeenCalledTimes(1);
    sessions.clock.stepWall(-1);
    await expect(sessions.verify(token)).resolves.toBeDefined();
    expect(checkSignature).toHaveBeenCalledTimes(1);
  });

  it('keeps its place for valid tokens, however many that have expired are presented', async () => {
    const sessions = verifier({ cache: { max: 4, keep } });
    const spent = Array.from({ length: 20 }, (_, jti) => craft(claims({ exp: NOW + 60, jti: `${jti}` })));
    for (const token of spent) await sessions.verify(token);
    sessions.clock.stepWall(65_000);
    const token = craft(claims({ exp: NOW + 600 }));
    await sessions.verify(token);
    for (const one of [...spent, ...spent]) expect(await reasonOf(sessions.verify(one))).toBe('expired');
    vi.mocked(checkSignature).mockClear();
    await expect(sessions.verify(token)).resolves.toBeDefined();
    expect(checkSignature).not.toHaveBeenCalled();
  });

  it('remembers no expired token that it never accepted, nor one whose signature is wrong', async () => {
    const sessions = verifier({ cache: { keep } });
    const old = craft(claims({ iat: NOW - 600, exp: NOW - 60 }));
    for (const token of [old, old, `${old.slice(0, -4)}AAAA`]) await reasonOf(sessions.verify(token));
    expect(checkSignature).toHaveBeenCalledTimes(3);
    expect(sessions.stats().cache.size).toBe(0);
  });

  it('notices that the clock went back before iat', async () => {
    const sessions = verifier({ cache: { keep } });
    const token = craft(claims());
    await sessions.verify(token);
    sessions.clock.stepWall(-6_000);
    expect(await reasonOf(sessions.verify(token))).toBe('not-yet-valid');
    sessions.clock.stepWall(6_000);
    await expect(sessions.verify(token)).resolves.toBeDefined();
  });

  it('gives everybody what nobody can change', async () => {
    const sessions = verifier({ cache: { keep } });
    const token = craft(claims({ deep: { list: [{ a: 1 }] } }));
    const session = await sessions.verify(token);
    const { deep } = session.claims as FrozenObject & { deep: { list: { a: number }[] } };
    const attempts: (() => unknown)[] = [
      () => Object.assign(session, { sub: 'mallory' }),
      () => Object.assign(session.claims, { sub: 'mallory' }),
      () => deep.list.push({ a: 2 }),
      () => Object.assign(deep.list[0] as object, { a: 2 }),
      () => Object.setPrototypeOf(session, { admin: true }),
      () => Object.defineProperty(session.claims, 'admin', { value: true }),
      () => (session.roles as Set<string>).add('admin'),
      () => Set.prototype.add.call(session.roles, 'admin'),
      () => Object.assign(session.roles, { has: () => true }),
      () => Object.assign(Object.getPrototypeOf(session.roles), { has: () => true }),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(TypeError);
    session.roles.forEach((_, __, all) => {
      expect(all).toBe(session.roles);
    });
    const again = await sessions.verify(token);
    expect(again).toMatchObject({ sub: 'alice' });
    expect([...again.roles]).toEqual(['reader']);
    expect(again.claims).toEqual(claims({ deep: { list: [{ a: 1 }] } }));
  });

  it('is not shared by verifiers that ask for something else', async () => {
    const token = craft(claims());
    await verifier({ cache: { keep } }).verify(token);
    expect(await reasonOf(verifier({ audience: 'other', cache: { keep } }).verify(token))).toBe('audience');
    expect(await reasonOf(verifier({ issuer: 'https://other', cache: { keep } }).verify(token))).toBe('issuer');
  });

  it('stays within its bound under a flood of valid tokens', async () => {
    const sessions = verifier({ cache: { max: 20, keep } });
    for (let i = 0; i < 200; i += 1) {
      await sessions.verify(craft(claims({ sub: `user-${i}` }), { key: ec }));
      expect(sessions.stats().cache.size).toBeLessThanOrEqual(20);
    }
  });

  it('remembers the twin that anyone can make of an ECDSA signature by itself, as the same session', async () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const token = craft(claims({ jti: 'j1' }), { key: ec });
    const dot = token.lastIndexOf('.');
    const bytes = Buffer.from(token.slice(dot + 1), 'base64url');
    const s = (order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
    const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s, 'hex')]).toString('base64url');
    const sessions = verifier({ cache: { keep }, isRevoked: ({ jti }) => jti === 'j1' && revoked });
    let revoked = false;
    for (const one of [token, `${token.slice(0, dot)}.${twin}`]) {
      expect(await sessions.verify(one)).toMatchObject({ sub: 'alice', jti: 'j1' });
    }
    expect(sessions.stats()).toMatchObject({ verified: 2, cache: { size: 2 } });
    revoked = true;
    expect(await reasonOf(sessions.verify(`${token.slice(0, dot)}.${twin}`))).toBe('revoked');
  });

  it('remembers nothing of tokens that are refused', async () => {
    const sessions = verifier({ cache: { keep } });
    const token = craft(claims());
    const dot = token.lastIndexOf('.');
    const refused = [craft(claims({ aud: 'other' })), `${token.slice(0, dot)}.${'A'.repeat(342)}`, `${token}=`];
    for (const bad of refused)
      for (let i = 0; i < 3; i += 1) expect(await reasonOf(sessions.verify(bad))).not.toBe('accepted');
    expect(sessions.stats().cache.size).toBe(0);
  });
});

describe('the cache, by default', () => {
  it('holds no token and no claim as a key: of a token only its header, which names no one', async () => {
    const map = vi.spyOn(Map.prototype, 'set');
    const token = craft(claims());
    await verifier().verify(token);
    const keys = map.mock.calls.map(([key]) => key).filter((key) => typeof key === 'string');
    map.mockRestore();
    expect(keys.length).toBeGreaterThan(0);
    const [header, payload = ''] = token.split('.');
    expect(keys.filter((key) => token.includes(key) || key.includes('eyJ'))).toEqual([header]);
    expect(keys.filter((key) => key.includes(payload) || key.includes('alice'))).toEqual([]);
  });
});

describe('equal tokens at the same time', () => {
  it('are verified once', async () => {
    const sessions = verifier();
    const token = craft(claims());
    const all = await Promise.all(Array.from({ length: 50 }, () => sessions.verify(token)));
    expect(new Set(all).size).toBe(1);
    expect(checkSignature).toHaveBeenCalledTimes(1);
  });

  it('are refused each with an error of its own', async () => {
    const slow = makeKey('ES384', 'slow');
    const sessions = verifier({ keys: slow.publicJwk, algorithms: ['ES384'] });
    const token = craft(claims(), { key: makeKey('ES384', 'slow') });
    const errors = await Promise.all(
      Array.from({ length: 5 }, () => sessions.verify(token).catch((error: unknown) => error)),
    );
    expect(new Set(errors).size).toBe(5);
    expect(checkSignature).toHaveBeenCalledTimes(1);
    await expect(sessions.verify(craft(claims(), { key: slow }))).resolves.toBeDefined();
  });

  it('and other ones are ten thousand at most: then it is 503, until they are settled', async () => {
    let settle = (_: 'signature'): void => {};
    const checked = new Promise<'signature'>((resolve) => (settle = resolve));
    vi.mocked(checkSignature).mockImplementation(() => checked);
    const sessions = verifier();
    const header = b64(JSON.stringify({ alg: 'ES256', kid: 'ec-1' }));
    const forged = (n: number): string => `${header}.${b64(JSON.stringify(claims({ sub: `${n}` })))}.AAAA`;
    const all = Array.from({ length: 10_000 }, (_, n) => reasonOf(sessions.verify(forged(n))));
    expect(await reasonOf(sessions.verify(forged(10_000)))).toBe('ERR_SESSION_UNAVAILABLE');
    settle('signature');
    expect(new Set(await Promise.all(all))).toEqual(new Set(['signature']));
    expect(await reasonOf(sessions.verify(forged(10_000)))).toBe('signature');
  });

  it('are asked about by isRevoked each', async () => {
    const isRevoked = vi.fn(() => false);
    const sessions = verifier({ isRevoked });
    const token = craft(claims());
    await Promise.all([sessions.verify(token), sessions.verify(token), sessions.verify(token)]);
    await sessions.verify(token);
    expect(isRevoked).toHaveBeenCalledTimes(4);
  });
});
