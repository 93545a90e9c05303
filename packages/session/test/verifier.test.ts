import { live } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createSessionVerifier,
  type FrozenObject,
  type KeySource,
  type RolesOption,
  type SessionVerifierOptions,
} from '../src/index.ts';
import { checkSignature } from '../src/signature.ts';
import {
  AUDIENCE,
  claims,
  craft,
  ec,
  ISSUER,
  jwks,
  makeKey,
  NOW,
  NOW_MS,
  otherRsa,
  rsa,
  until,
  verifier,
} from './support.ts';

// The real check, counted, and held back when a test wants something to happen meanwhile.
let hold: Promise<void> | undefined;
vi.mock('../src/signature.ts', async (original) => {
  const real = await original<typeof import('../src/signature.ts')>();
  return {
    checkSignature: vi.fn<typeof real.checkSignature>(async (...args) => {
      const result = await real.checkSignature(...args);
      await hold;
      return result;
    }),
  };
});

beforeEach(() => {
  hold = undefined;
  vi.mocked(checkSignature).mockClear();
});

function gate(): () => void {
  let open = (): void => {};
  hold = new Promise((resolve) => {
    open = resolve;
  });
  return open;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'accepted',
    (error: { reason?: string; code: string }) => error.reason ?? error.code,
  );

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
    expect(make({ claims: {} })).toThrow(TypeError);
    expect(make({ isRevoked: true })).toThrow(TypeError);
    expect(make({ realm: 'a"b' })).toThrow(RangeError);
    expect(make({ realm: 'a\nb' })).toThrow(RangeError);
    expect(make({ notBefore: { all: NOW_MS } })).toThrow(/seconds/);
    expect(make({ notBefore: { user: {} } })).toThrow(TypeError);
  });
});

describe('the cache', () => {
  it('verifies a signature once', async () => {
    const sessions = verifier();
    const token = craft(claims());
    const first = await sessions.verify(token);
    const again = await sessions.verify(Buffer.from(token).toString());
    expect(again).toBe(first);
    expect(checkSignature).toHaveBeenCalledTimes(1);
    expect(sessions.stats()).toMatchObject({ verified: 1, cache: { size: 1, hits: 1 } });
  });

  it('can be switched off', async () => {
    const sessions = verifier({ cache: { max: 0 } });
    const token = craft(claims());
    await sessions.verify(token);
    await sessions.verify(token);
    expect(checkSignature).toHaveBeenCalledTimes(2);
    expect(sessions.stats().cache.size).toBe(0);
  });

  it('holds no token and no claim as a key', async () => {
    const map = vi.spyOn(Map.prototype, 'set');
    const token = craft(claims());
    await verifier().verify(token);
    const keys = map.mock.calls.map(([key]) => key).filter((key) => typeof key === 'string');
    map.mockRestore();
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => token.includes(key) || key.includes('eyJ'))).toEqual([]);
  });

  it('does not outlive exp, nor the tolerance', async () => {
    const sessions = verifier();
    const token = craft(claims({ exp: NOW + 60 }));
    await sessions.verify(token);
    sessions.clock.stepWall(64_999);
    await expect(sessions.verify(token)).resolves.toBeDefined();
    sessions.clock.stepWall(1);
    expect(await reasonOf(sessions.verify(token))).toBe('expired');
    expect(sessions.stats().cache.size).toBe(0);
  });

  it('notices that the clock went back before iat', async () => {
    const sessions = verifier();
    const token = craft(claims());
    await sessions.verify(token);
    sessions.clock.stepWall(-6_000);
    expect(await reasonOf(sessions.verify(token))).toBe('not-yet-valid');
    sessions.clock.stepWall(6_000);
    await expect(sessions.verify(token)).resolves.toBeDefined();
  });

  it('gives everybody what nobody can change', async () => {
    const sessions = verifier();
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
    await verifier().verify(token);
    expect(await reasonOf(verifier({ audience: 'other' }).verify(token))).toBe('audience');
    expect(await reasonOf(verifier({ issuer: 'https://other' }).verify(token))).toBe('issuer');
  });

  it('stays within its bound under a flood of valid tokens', async () => {
    const sessions = verifier({ cache: { max: 20 } });
    for (let i = 0; i < 200; i += 1) {
      await sessions.verify(craft(claims({ sub: `user-${i}` }), { key: ec }));
      expect(sessions.stats().cache.size).toBeLessThanOrEqual(20);
    }
  });

  it('remembers nothing of tokens that are refused', async () => {
    const sessions = verifier();
    const token = craft(claims());
    const dot = token.lastIndexOf('.');
    const refused = [craft(claims({ aud: 'other' })), `${token.slice(0, dot)}.${'A'.repeat(342)}`, `${token}=`];
    for (const bad of refused)
      for (let i = 0; i < 3; i += 1) expect(await reasonOf(sessions.verify(bad))).not.toBe('accepted');
    expect(sessions.stats().cache.size).toBe(0);
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
    const sessions = verifier();
    const token = craft(claims(), { key: otherRsa, header: { kid: 'rsa-1' } });
    const errors = await Promise.all(
      Array.from({ length: 5 }, () => sessions.verify(token).catch((error: unknown) => error)),
    );
    expect(new Set(errors).size).toBe(5);
    expect(checkSignature).toHaveBeenCalledTimes(1);
    await expect(sessions.verify(craft(claims()))).resolves.toBeDefined();
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

describe('a key that is removed or replaced', () => {
  const replacement = makeKey('RS256', 'rsa-1');

  it('takes its remembered tokens with it that instant', async () => {
    const keys = live<KeySource>(jwks);
    const sessions = verifier({ keys });
    const gone = craft(claims());
    const stays = craft(claims(), { key: ec });
    await sessions.verify(gone);
    await sessions.verify(stays);
    keys.set({ keys: [ec.publicJwk] });
    expect(await reasonOf(sessions.verify(gone))).toBe('unknown-key');
    await sessions.verify(stays);
    expect(checkSignature).toHaveBeenCalledTimes(2);
    expect(sessions.stats().cache.size).toBe(1);
  });

  it('is noticed also if the live value tells nobody', async () => {
    const keys = { current: jwks as object, subscribe: () => () => {} };
    const sessions = verifier({ keys });
    const token = craft(claims());
    await sessions.verify(token);
    keys.current = { keys: [ec.publicJwk] };
    expect(await reasonOf(sessions.verify(token))).toBe('unknown-key');
  });

  it('does not verify for its successor of the same name', async () => {
    const keys = live<KeySource>(rsa.publicJwk);
    const sessions = verifier({ keys });
    const old = craft(claims());
    await sessions.verify(old);
    keys.set(replacement.publicJwk);
    expect(await reasonOf(sessions.verify(old))).toBe('signature');
    await expect(sessions.verify(craft(claims(), { key: replacement }))).resolves.toBeDefined();
  });

  it('costs no remembered token when the same keys come again', async () => {
    const keys = live<KeySource>(jwks);
    const sessions = verifier({ keys });
    const token = craft(claims());
    await sessions.verify(token);
    keys.set(structuredClone(jwks));
    keys.set(JSON.parse(JSON.stringify({ keys: [...jwks.keys, otherRsa.publicJwk] })));
    await sessions.verify(token);
    expect(checkSignature).toHaveBeenCalledTimes(1);
  });

  it('while a token is being verified: it is refused, and not remembered', async () => {
    const keys = live<KeySource>(rsa.publicJwk);
    const sessions = verifier({ keys });
    const open = gate();
    const pending = reasonOf(sessions.verify(craft(claims())));
    await turn();
    keys.set(ec.publicJwk);
    open();
    expect(await pending).toBe('unknown-key');
    expect(sessions.stats()).toMatchObject({ verified: 0, cache: { size: 0 } });
  });

  it('while a token of the successor is being verified: the keys of now decide', async () => {
    const keys = live<KeySource>(rsa.publicJwk);
    const sessions = verifier({ keys });
    const open = gate();
    const token = craft(claims(), { key: replacement });
    const early = reasonOf(sessions.verify(token));
    await turn();
    keys.set(replacement.publicJwk);
    const late = reasonOf(sessions.verify(token));
    open();
    expect(await early).toBe('accepted');
    expect(await late).toBe('accepted');
  });

  it('keys that never stop changing are a failure of ours', async () => {
    const keys = live<KeySource>(rsa.publicJwk);
    const sessions = verifier({ keys });
    const successors = ['a', 'b', 'c'].map(() => makeKey('RS256', 'rsa-1').publicJwk);
    for (const successor of successors) {
      vi.mocked(checkSignature).mockImplementationOnce(async () => {
        keys.set(successor);
        return 'good';
      });
    }
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('ERR_SESSION_UNAVAILABLE');
    expect(checkSignature).toHaveBeenCalledTimes(3);
  });
});

describe('isRevoked', () => {
  const token = craft(claims());

  it('decides, also about a remembered token', async () => {
    let revoked = false;
    const sessions = verifier({ isRevoked: () => revoked });
    await sessions.verify(token);
    revoked = true;
    expect(await reasonOf(sessions.verify(token))).toBe('revoked');
    revoked = false;
    await expect(sessions.verify(token)).resolves.toBeDefined();
  });

  it('is given the session, and a signal', async () => {
    const isRevoked = vi.fn(async (session: { sub: string }, { signal }: { signal: AbortSignal }) => {
      expect(session.sub).toBe('alice');
      expect(signal.aborted).toBe(false);
      return false;
    });
    await verifier({ isRevoked }).verify(token);
    expect(isRevoked).toHaveBeenCalledTimes(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('store down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('store down'))],
    ['says undefined', () => undefined],
    ['says 0', () => 0],
    ['says "false" later', async () => 'false'],
    [
      'gives a thenable that throws',
      () =>
        Object.defineProperty({}, 'then', {
          value: () => {
            throw new Error('odd');
          },
        }),
    ],
  ])('denies with 503 when it %s', async (_, isRevoked) => {
    const sessions = verifier({ isRevoked: isRevoked as never });
    const error = await sessions.verify(token).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE', status: 503, headers: { 'retry-after': '1' } });
    expect(String((error as Error).stack)).not.toContain('store down');
    expect((error as Error).cause).toBeUndefined();
  });

  it('denies with 503 when it hangs, and is told so', async () => {
    let aborted = false;
    const clock = fakeClock({ wallMs: NOW_MS });
    const isRevoked = (_: unknown, { signal }: { signal: AbortSignal }): Promise<boolean> => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => {});
    };
    const sessions = verifier({ isRevoked, clock, hookTimeoutMs: 300 });
    await verifier({ clock }).verify(token);
    const pending = reasonOf(sessions.verify(token));
    // The signature is checked on another thread: wait for the hook to have been asked.
    await until(() => clock.pending === 1);
    await clock.advance(299);
    expect(aborted).toBe(false);
    await clock.advance(1);
    expect(await pending).toBe('ERR_SESSION_UNAVAILABLE');
    expect(aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('may be slow within its time', async () => {
    const clock = fakeClock({ wallMs: NOW_MS });
    const isRevoked = (): Promise<boolean> => new Promise((resolve) => clock.schedule(() => resolve(false), 900));
    const pending = reasonOf(verifier({ isRevoked, clock }).verify(token));
    await until(() => clock.pending === 2);
    await clock.advance(900);
    expect(await pending).toBe('accepted');
    expect(clock.pending).toBe(0);
  });
});

describe('revocation epochs', () => {
  it('end what was issued until then, and nothing that was issued later', async () => {
    const token = craft(claims({ sid: 's1' }));
    const cases = [
      { all: NOW },
      { sub: { alice: NOW } },
      { sid: { s1: NOW } },
      { kid: { 'rsa-1': NOW } },
      { all: NOW + 0.001 },
    ];
    for (const notBefore of cases) expect(await reasonOf(verifier({ notBefore }).verify(token))).toBe('revoked');
    const spared = [
      {},
      { all: NOW - 0.001 },
      { sub: { alice: NOW - 1, bob: NOW + 99 } },
      { sid: { s2: NOW + 99 } },
      { kid: { 'ec-1': NOW + 99 } },
    ];
    for (const notBefore of spared) expect(await reasonOf(verifier({ notBefore }).verify(token))).toBe('accepted');
  });

  it('reach remembered tokens in one refresh, in every region', async () => {
    const notBefore = live<object>({});
    const regions = [verifier({ notBefore }), verifier({ notBefore }), verifier({ notBefore })];
    const token = craft(claims());
    for (const sessions of regions) await sessions.verify(token);
    notBefore.set({ sub: { alice: NOW } });
    for (const sessions of regions) expect(await reasonOf(sessions.verify(token))).toBe('revoked');
  });

  it('that turn bad leave the last good ones in force', async () => {
    const notBefore = live<object>({ sub: { alice: NOW } });
    const sessions = verifier({ notBefore });
    const rejected = vi.fn();
    sessions.on('epochs-rejected', rejected);
    for (const bad of [null, [], 'x', { all: 'now' }, { all: NOW_MS }, { sub: 7 }, { sub: { bob: Number.NaN } }]) {
      notBefore.set(bad as object);
      expect(await reasonOf(sessions.verify(craft(claims())))).toBe('revoked');
    }
    expect(rejected).toHaveBeenCalledTimes(7);
    notBefore.set({});
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('accepted');
  });

  it('of hostile names stay names', async () => {
    const notBefore = JSON.parse(`{"sub":{"__proto__":${NOW},"constructor":1}}`);
    expect(await reasonOf(verifier({ notBefore }).verify(craft(claims())))).toBe('accepted');
    expect(await reasonOf(verifier({ notBefore }).verify(craft(claims({ sub: '__proto__' }))))).toBe('revoked');
    expect(await reasonOf(verifier({ notBefore }).verify(craft(claims({ sub: 'toString' }))))).toBe('accepted');
  });
});

describe('a token of an unknown key', () => {
  const token = craft(claims(), { key: otherRsa });

  it('asks a live source for newer keys, and is accepted if they come', async () => {
    const keys = live<KeySource>(jwks);
    const refresh = vi.fn(async () => keys.set({ keys: [...jwks.keys, otherRsa.publicJwk] }));
    const sessions = verifier({
      keys: Object.defineProperties({ ...keys, refresh }, Object.getOwnPropertyDescriptors(keys)),
    });
    const unknown = vi.fn();
    sessions.on('unknown-kid', unknown);
    await expect(sessions.verify(token)).resolves.toMatchObject({ kid: 'rsa-2' });
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(unknown.mock.calls).toEqual([[{ refresh: 'started' }]]);
  });

  it('asks once in 30 seconds however many there are', async () => {
    const refresh = vi.fn(async () => {});
    const sessions = verifier({ keys: { current: jwks, subscribe: () => () => {}, refresh } });
    const flood = (): Promise<unknown[]> =>
      Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          reasonOf(sessions.verify(craft(claims(), { key: ec, header: { kid: `unknown-${i}` } }))),
        ),
      );
    expect(new Set(await flood())).toEqual(new Set(['unknown-key']));
    expect(refresh).toHaveBeenCalledTimes(1);
    await sessions.clock.advance(29_999);
    await flood();
    expect(refresh).toHaveBeenCalledTimes(1);
    await sessions.clock.advance(1);
    await flood();
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(sessions.clock.pending).toBe(0);
  });

  it('waits a second at most for a source that hangs, and never with more than a thousand others', async () => {
    const refresh = vi.fn(() => new Promise<void>(() => {}));
    const sessions = verifier({ keys: { current: jwks, subscribe: () => () => {}, refresh } });
    const settled = vi.fn();
    const all = Array.from({ length: 1_100 }, (_, i) =>
      reasonOf(sessions.verify(craft(claims(), { key: ec, header: { kid: `unknown-${i}` } }))).then((reason) => {
        settled();
        return reason;
      }),
    );
    await sessions.clock.advance(999);
    expect(settled).toHaveBeenCalledTimes(100);
    await sessions.clock.advance(1);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['unknown-key']));
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('is refused when the source fails, or there is none to ask', async () => {
    const refresh = vi.fn(async () => {
      throw new Error('down');
    });
    const failing = verifier({ keys: { current: jwks, subscribe: () => () => {}, refresh } });
    expect(await reasonOf(failing.verify(token))).toBe('unknown-key');
    const sessions = verifier();
    const unknown = vi.fn();
    sessions.on('unknown-kid', unknown);
    expect(await reasonOf(sessions.verify(token))).toBe('unknown-key');
    expect(unknown.mock.calls).toEqual([[{ refresh: 'impossible' }]]);
  });
});

describe('a new set of keys that must not be used', () => {
  it('leaves the last good one, and is told of once', async () => {
    const keys = live<unknown>(jwks);
    const sessions = verifier({ keys: keys as never });
    const rejected = vi.fn();
    const changed = vi.fn();
    sessions.on('keys-rejected', rejected);
    sessions.on('keys', changed);
    const bad: [unknown, string][] = [
      [{ keys: [] }, 'empty'],
      [{ keys: [rsa.publicJwk, rsa.publicJwk] }, 'duplicate-kid'],
      [{ keys: [{ ...rsa.publicJwk, d: 'AAAA' }] }, 'private'],
      ['nonsense', 'not-a-key'],
      [7, 'not-a-key'],
      [null, 'not-a-key'],
    ];
    for (const [value, reason] of bad) {
      keys.set(value);
      await expect(sessions.verify(craft(claims()))).resolves.toBeDefined();
      await expect(sessions.verify(craft(claims()))).resolves.toBeDefined();
      expect(rejected).toHaveBeenLastCalledWith(expect.objectContaining({ reason }));
    }
    expect(rejected).toHaveBeenCalledTimes(bad.length);
    expect(changed).not.toHaveBeenCalled();
  });

  it('is told of by name: which keys came, which went', () => {
    const keys = live<KeySource>({ keys: [rsa.publicJwk, ec.publicJwk] });
    const sessions = verifier({ keys });
    const changed = vi.fn();
    sessions.on('keys', changed);
    keys.set({ keys: [ec.publicJwk, otherRsa.publicJwk, { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' }] });
    expect(changed.mock.calls).toEqual([[{ kids: ['ec-1', 'rsa-2'], added: ['rsa-2'], removed: ['rsa-1'], aside: 1 }]]);
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
});
