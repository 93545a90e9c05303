import { describe, expect, it, vi } from 'vitest';
import { createSessionVerifier, type RolesOption, type SessionVerifierOptions } from '../src/index.ts';
import { AUDIENCE, claims, craft, ec, ISSUER, jwks, makeKey, NOW, NOW_MS, reasonOf, verifier } from './support.ts';

describe('createSessionVerifier().verify()', () => {
  it('gives what the token says', async () => {
    const token = craft(claims({ sid: 's1', jti: 'j1', roles: ['admin', 'ops'], tenant: { id: 7 } }));
    const session = await verifier().verify(token);
    expect(session).toMatchObject({ sub: 'alice', sid: 's1', jti: 'j1', iat: NOW, exp: NOW + 3_600, kid: 'rsa-1' });
    expect([...session.roles]).toEqual(['admin', 'ops']);
    expect(session.claims).toMatchObject({ tenant: { id: 7 } });
  });

  it('verifies every algorithm it allows', async () => {
    for (const alg of [
      'RS256',
      'RS384',
      'RS512',
      'PS256',
      'PS384',
      'PS512',
      'ES256',
      'ES384',
      'ES512',
      'EdDSA',
    ] as const) {
      const key = makeKey(alg, alg);
      const sessions = verifier({ keys: key.publicJwk, algorithms: [alg] });
      await expect(sessions.verify(craft(claims(), { key }))).resolves.toMatchObject({ kid: alg });
    }
  });

  it('takes EdDSA and Ed25519 for one algorithm, in the option, the key and the token', async () => {
    const key = makeKey('EdDSA', 'ed');
    for (const [option, ofKey, ofToken] of [
      ['EdDSA', 'Ed25519', 'EdDSA'],
      ['Ed25519', 'EdDSA', 'Ed25519'],
      ['Ed25519', 'Ed25519', 'EdDSA'],
      ['EdDSA', 'EdDSA', 'Ed25519'],
    ] as const) {
      const sessions = verifier({ keys: { ...key.publicJwk, alg: ofKey }, algorithms: [option] });
      await expect(sessions.verify(craft(claims(), { key, header: { alg: ofToken } }))).resolves.toBeDefined();
    }
  });

  it('accepts a token that carries keys of its own when ours verifies it: they are not looked at', async () => {
    const token = craft(claims(), { header: { jku: 'https://evil.test', jwk: ec.publicJwk, x5c: [], x5u: 'x' } });
    await expect(verifier().verify(token)).resolves.toBeDefined();
  });

  it('takes a token without typ for a JWT, and compares media types as RFC 7515 says', async () => {
    const untyped = craft(claims(), { header: { typ: undefined } });
    await expect(verifier().verify(untyped)).resolves.toBeDefined();
    for (const typ of ['jwt', 'JWT', 'application/jwt', 'Application/JWT']) {
      await expect(verifier().verify(craft(claims(), { header: { typ } }))).resolves.toBeDefined();
    }
    const access = verifier({ type: 'at+jwt' });
    await expect(access.verify(craft(claims(), { header: { typ: 'application/at+jwt' } }))).resolves.toBeDefined();
    expect(await reasonOf(access.verify(untyped))).toBe('type');
    expect(await reasonOf(access.verify(craft(claims())))).toBe('type');
    await expect(verifier({ type: null }).verify(craft(claims(), { header: { typ: 7 } }))).resolves.toBeDefined();
  });

  it('allows for clocks that differ, up to the tolerance and no further', async () => {
    const at = (changes: Record<string, unknown>, clockToleranceMs = 5_000): Promise<unknown> =>
      reasonOf(verifier({ clockToleranceMs }).verify(craft(claims(changes))));
    expect(await at({ iat: NOW - 60, exp: NOW - 4.999 })).toBe('accepted');
    expect(await at({ iat: NOW - 60, exp: NOW - 5 })).toBe('expired');
    expect(await at({ nbf: NOW + 5 })).toBe('accepted');
    expect(await at({ nbf: NOW + 5.001 })).toBe('not-yet-valid');
    expect(await at({ iat: NOW + 5 })).toBe('accepted');
    expect(await at({ iat: NOW + 5.001 })).toBe('not-yet-valid');
    expect(await at({ iat: NOW - 60, exp: NOW }, 0)).toBe('expired');
    expect(await at({ iat: NOW - 60, exp: NOW + 0.001 }, 0)).toBe('accepted');
  });

  it('switches a check off for null, and only for null', async () => {
    const odd = craft(claims({ iss: 7, aud: 7, exp: NOW + 10 * 86_400 }));
    await expect(verifier({ issuer: null, audience: null, maxLifetimeMs: null }).verify(odd)).resolves.toBeDefined();
    expect(await reasonOf(verifier({ issuer: null, audience: null }).verify(odd))).toBe('lifetime');
    for (const missing of ['issuer', 'audience', 'algorithms', 'keys'] as const) {
      const options: Record<string, unknown> = {
        keys: jwks,
        algorithms: ['RS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
      };
      delete options[missing];
      expect(() => createSessionVerifier(options as never)).toThrow(missing === 'keys' ? /keys/ : new RegExp(missing));
    }
  });

  it('accepts any of several issuers and audiences', async () => {
    const sessions = verifier({ issuer: ['https://a', 'https://b'], audience: ['x', 'y'] });
    await expect(sessions.verify(craft(claims({ iss: 'https://b', aud: ['z', 'y'] })))).resolves.toBeDefined();
    expect(await reasonOf(sessions.verify(craft(claims({ iss: 'https://c', aud: 'x' }))))).toBe('issuer');
    expect(await reasonOf(sessions.verify(craft(claims({ iss: 'https://a', aud: 'z' }))))).toBe('audience');
  });

  it('takes no role for a list of roles, and no list for a role', async () => {
    const sessions = verifier();
    for (const roles of [['a', 'b'], ['["a","b"]'], ['a'], ['1a'], ['11a'], [''], []]) {
      for (let time = 0; time < 2; time += 1) {
        const session = await sessions.verify(craft(claims({ roles, jti: `${time}` })));
        expect([...session.roles]).toEqual(roles);
      }
    }
  });

  it('finds roles where it is told to', async () => {
    const token = craft(claims({ 'cognito:groups': ['ops'], scope: 'read write', realm_access: { roles: ['deep'] } }));
    const rolesWith = async (roles: RolesOption): Promise<string[]> => [
      ...(await verifier({ roles }).verify(token)).roles,
    ];
    expect(await rolesWith('cognito:groups')).toEqual(['ops']);
    expect(await rolesWith(({ scope }) => String(scope).split(' '))).toEqual(['read', 'write']);
    expect(await rolesWith(({ realm_access }) => (realm_access as { roles: string[] }).roles)).toEqual(['deep']);
    expect(await rolesWith('nothing')).toEqual([]);
    expect(await rolesWith(() => undefined)).toEqual([]);
    const broken = (): never => {
      throw new Error('broken');
    };
    expect(await reasonOf(verifier({ roles: broken }).verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
  });

  it('gives sessions with equal roles one set, and all others their own', async () => {
    const sessions = verifier();
    const rolesOf = async (roles: readonly string[] | undefined, sub: string) =>
      (await sessions.verify(craft(claims({ roles, sub })))).roles;
    expect(await rolesOf(['a', 'b'], 'alice')).toBe(await rolesOf(['a', 'b'], 'bob'));
    for (const roles of [['a,b'], ['a","b'], ['a'], ['a', 'b', ''], [''], [], undefined, ['x'.repeat(600)]]) {
      expect([...(await rolesOf(roles, 'carol'))]).toEqual(roles ?? []);
      expect([...(await rolesOf(roles, 'dave'))]).toEqual(roles ?? []);
    }
  });

  it('checks its options once, by name', () => {
    const make =
      (options: object): (() => unknown) =>
      () =>
        verifier(options as Partial<SessionVerifierOptions>);
    expect(make({ clockToleranceMs: -1 })).toThrow(RangeError);
    expect(make({ clockToleranceMs: -1 })).toThrow(/createSessionVerifier: clockToleranceMs .*got -1/);
    expect(make({ clockToleranceMs: '5' })).toThrow(TypeError);
    expect(make({ algorithms: [] })).toThrow(RangeError);
    expect(make({ algorithms: ['HS256'] })).toThrow(RangeError);
    expect(make({ algorithms: ['none'] })).toThrow(RangeError);
    expect(make({ algorithms: 'RS256' })).toThrow(TypeError);
    expect(make({ issuer: '' })).toThrow(RangeError);
    expect(make({ issuer: [] })).toThrow(RangeError);
    expect(make({ audience: [1] })).toThrow(TypeError);
    expect(make({ audiance: 'api' })).toThrow(/no option "audiance"/);
    expect(make({ maxTokenBytes: 1 })).toThrow(RangeError);
    expect(make({ cache: { max: -1 } })).toThrow(RangeError);
    expect(make({ cache: { size: 5 } })).toThrow(/cache has no option "size"/);
    expect(make({ cache: { keep: 'all' } })).toThrow(/cache\.keep must be one of/);
    expect(make({ unknownKey: { coolDownMs: 1 } })).toThrow(/unknownKey has no option "coolDownMs"/);
    expect(make({ remote: { timeout: 1 } })).toThrow(/remote has no option "timeout"/);
    // `null` is no function. It must not become the fetch of the process, past a proxy.
    expect(make({ remote: { fetch: null as never } })).toThrow(/remote\.fetch must be a function/);
    expect(make({ clock: Date })).toThrow(/createSessionVerifier: clock must be an object; got function/);
    expect(make({ claims: {} })).toThrow(TypeError);
    expect(make({ isRevoked: true })).toThrow(TypeError);
    expect(make({ realm: 'a"b' })).toThrow(RangeError);
    expect(make({ realm: 'a\nb' })).toThrow(RangeError);
    expect(make({ notBefore: { all: NOW_MS } })).toThrow(/seconds/);
    expect(make({ notBefore: { user: {} } })).toThrow(TypeError);
  });
});

describe('a verifier that cannot be made', () => {
  it('stays subscribed to nothing', () => {
    const unsubscribe = vi.fn();
    const notBefore = { current: {}, subscribe: vi.fn(() => unsubscribe) };
    expect(() => verifier({ notBefore, keys: 'nonsense' })).toThrow(/not a PEM/);
    expect(unsubscribe).toHaveBeenCalledTimes(notBefore.subscribe.mock.calls.length);
  });
});

describe('stats() and close()', () => {
  it('tells of each key when it was last seen and until when its sessions last', async () => {
    const sessions = verifier();
    await sessions.verify(craft(claims({ exp: NOW + 100 })));
    sessions.clock.stepWall(2_000);
    await sessions.verify(craft(claims({ exp: NOW + 50 })));
    expect(sessions.stats().keys).toEqual([
      { kid: 'rsa-1', algorithm: 'RS256', verified: 2, lastSeenAtMs: NOW_MS + 2_000, latestExpiryMs: NOW_MS + 100_000 },
      { kid: 'ec-1', algorithm: 'ES256', verified: 0, lastSeenAtMs: undefined, latestExpiryMs: undefined },
      { kid: 'ed-1', algorithm: 'EdDSA', verified: 0, lastSeenAtMs: undefined, latestExpiryMs: undefined },
    ]);
  });

  it('is ready at once with keys that are there, and leaves nothing behind', async () => {
    const unsubscribe = vi.fn();
    const keys = { current: jwks, subscribe: () => unsubscribe };
    const notBefore = { current: {}, subscribe: () => unsubscribe };
    const sessions = verifier({ keys, notBefore });
    await sessions.ready();
    await sessions[Symbol.asyncDispose]();
    expect(unsubscribe).toHaveBeenCalledTimes(2);
    expect(sessions.clock.pending).toBe(0);
    await expect(sessions.verify(craft(claims()))).resolves.toBeDefined();
  });

  it('takes large integers in claims where the app says so; its own claims stay bounded', async () => {
    const text = JSON.stringify(claims()).replace('}', ',"id":9007199254740993}');
    await expect(verifier().verify(craft(text))).rejects.toMatchObject({ reason: 'not-json' });
    const rounding = verifier({ largeIntegers: 'round' });
    await expect(rounding.verify(craft(text))).resolves.toMatchObject({ claims: { id: 9007199254740992 } });
    for (const registered of ['exp', 'iat', 'nbf']) {
      const endless = JSON.stringify(claims({ [registered]: 0 })).replace(`"${registered}":0`, `"${registered}":1e300`);
      await expect(rounding.verify(craft(endless))).rejects.toMatchObject({ status: 401 });
    }
    const header = craft(claims(), { header: '{"alg":"RS256","typ":"JWT","kid":"rsa-1","x":9007199254740993}' });
    await expect(rounding.verify(header)).rejects.toMatchObject({ reason: 'not-json' });
    expect(() => verifier({ largeIntegers: true as never })).toThrow(/largeIntegers/);
  });
});
