import type { NextDecision, ResponseHead } from '@regionkit/core';
import { type FakeClock, fakeClock, requestView } from '@regionkit/core/testing';
import { describe, expect, it, vi } from 'vitest';
import {
  bearer,
  cookie,
  createSessionCookie,
  createSessionIssuer,
  createSessionVerifier,
  type SessionVerifier,
  type SessionVerifierOptions,
  signOut,
} from '../../src/index.ts';
import { type RenewSessionsOptions, renewSessions } from '../../src/renewal/index.ts';
import { AUDIENCE, claims, craft, ec, ISSUER, NOW_MS, reasonOf } from '../support.ts';

const HOUR = 3_600_000;
const sessionCookie = createSessionCookie({ name: 's' });

function start(options: Partial<RenewSessionsOptions> = {}, verifier: Partial<SessionVerifierOptions> = {}) {
  const clock: FakeClock = fakeClock({ wallMs: NOW_MS });
  const issuer = createSessionIssuer({
    key: ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    issuer: ISSUER,
    audience: AUDIENCE,
    clock,
  });
  const sessions = createSessionVerifier({
    keys: { keys: [issuer.publicJwk()] },
    algorithms: ['ES256'],
    issuer: ISSUER,
    audience: AUDIENCE,
    from: [bearer(), cookie('s')],
    clock,
    ...verifier,
  }) as SessionVerifier;
  const door = renewSessions({ sessions, issuer, cookie: sessionCookie, clock, ...options });
  /** The token of the new cookie, after a request. */
  const visit = async (
    headers: Record<string, string>,
    app: readonly [string, string][] = [],
  ): Promise<string | undefined> => {
    const decision = (await door.decide({
      ...requestView({ headers }),
      raw: new Request('http://localhost'),
    })) as NextDecision;
    expect(decision.action).toBe('next');
    const fields = [...app];
    const head: ResponseHead = {
      status: 200,
      get: (name) => fields.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value),
      set: (name, value) => {
        fields.splice(0, fields.length, ...fields.filter(([one]) => one.toLowerCase() !== name.toLowerCase()), [
          name,
          value,
        ]);
      },
      append: (name, value) => void fields.push([name, value]),
    };
    decision.onHead?.(head);
    const field = head
      .get('set-cookie')
      .find((value) => value.startsWith('s=') && !app.some(([, own]) => own === value));
    if (field !== undefined) expect(head.get('cache-control').join()).toContain('private');
    return field === undefined ? undefined : /^s=([^;]+)/.exec(field)?.[1];
  };
  return { clock, issuer, sessions, visit };
}

describe('renewSessions()', () => {
  it('renews an old cookie: the same user, session and sign-in, with a later end', async () => {
    const { clock, issuer, sessions, visit } = start();
    const token = await issuer.issue({ sub: 'alice', roles: ['admin'], sid: 'one', claims: { plan: 'pro' } });
    expect(await visit({ cookie: `s=${token}` })).toBeUndefined();
    await clock.advance(HOUR * 0.4);
    expect(await visit({ cookie: `s=${token}` })).toBeUndefined();
    await clock.advance(HOUR * 0.2);
    const next = await visit({ cookie: `x=1; s=${token}` });
    const [before, after] = [await sessions.verify(token), await sessions.verify(next ?? '')];
    expect(after).toMatchObject({ sub: 'alice', sid: 'one', iat: before.iat, claims: { plan: 'pro' } });
    expect([...after.roles]).toEqual(['admin']);
    expect(after.exp).toBe(before.exp + 0.6 * 3_600);
    expect(after.jti).not.toBe(before.jti);
    expect(await visit({ cookie: `s=${next}` })).toBeUndefined();
  });

  it('never goes past maxSessionMs after the sign-in', async () => {
    const { clock, issuer, sessions, visit } = start({ maxSessionMs: 3 * HOUR });
    let token = await issuer.issue({ sub: 'alice' });
    const { iat } = await sessions.verify(token);
    for (let step = 0; step < 40; step += 1) {
      await clock.advance(HOUR / 10);
      token = (await visit({ cookie: `s=${token}` })) ?? token;
    }
    expect(await reasonOf(sessions.verify(token))).toBe('expired');
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).exp).toBeLessThanOrEqual(
      iat + 3 * 3_600,
    );
  });

  it('does not make a short session longer: one of five minutes ends after five minutes', async () => {
    const { clock, issuer, visit } = start();
    const token = await issuer.issue({ sub: 'alice', roles: ['admin'], lifetimeMs: 300_000 });
    for (const waitMs of [0, 200_000, 90_000]) {
      await clock.advance(waitMs);
      expect(await visit({ cookie: `s=${token}` })).toBeUndefined();
    }
  });

  it('says once that sessions are not renewed: a longer life than that of the issuer, or a grant that fails', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const { clock, issuer, visit } = start({ grant: () => Promise.reject(new Error('hunter2')) });
      const token = await issuer.issue({ sub: 'alice' });
      await clock.advance(HOUR * 0.6);
      for (let visits = 0; visits < 2; visits += 1) expect(await visit({ cookie: `s=${token}` })).toBeUndefined();
      const mismatched = start({ lifetimeMs: 2 * HOUR });
      expect(await mismatched.visit({ cookie: `s=${await mismatched.issuer.issue({ sub: 'bob' })}` })).toBeUndefined();
      const codes = warn.mock.calls.map(([, options]) => (options as { code?: string } | undefined)?.code);
      expect(codes).toEqual(['REGIONKIT_NOT_RENEWED', 'REGIONKIT_SHORT_SESSION']);
      expect(JSON.stringify(warn.mock.calls)).not.toContain('hunter2');
    } finally {
      warn.mockRestore();
    }
  });

  it('does not revive a session: a sign-out that this region learns later ends the renewed one as well', async () => {
    const { clock, issuer, visit } = start();
    const token = await issuer.issue({ sub: 'alice' });
    await clock.advance(HOUR * 0.55);
    const notBefore = signOut({}, { sub: 'alice' }, { nowMs: clock.wallMs() });
    await clock.advance(HOUR * 0.05);
    const next = (await visit({ cookie: `s=${token}` })) ?? '';
    const elsewhere = createSessionVerifier({
      keys: { keys: [issuer.publicJwk()] },
      algorithms: ['ES256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      clock,
      notBefore,
    });
    expect(await reasonOf(elsewhere.verify(next))).toBe('revoked');
  });

  describe('beside a valid bearer token', () => {
    const old = async (
      verifier: Partial<SessionVerifierOptions>,
    ): Promise<ReturnType<typeof start> & { readonly alice: string; readonly bob: string }> => {
      const started = start({}, verifier);
      const [alice, bob] = [await started.issuer.issue({ sub: 'alice' }), await started.issuer.issue({ sub: 'bob' })];
      await started.clock.advance(HOUR * 0.6);
      return { ...started, alice, bob };
    };

    it.each<[string, Partial<SessionVerifierOptions>]>([
      ['reject', {}],
      ['only-valid', { severalTokens: 'only-valid' }],
      ['the verifier reads no cookie', { from: [bearer()] }],
    ])('never makes a cookie of it: %s', async (_name, verifier) => {
      const { visit, alice, bob } = await old(verifier);
      const broken = `${alice.slice(0, -8)}AAAAAAAA`;
      for (const cookie of [`s=${alice}`, `s=${broken}`, 's=', `s=${bob}; s=${broken}`])
        expect(await visit({ authorization: `Bearer ${bob}`, cookie })).toBeUndefined();
    });

    it('renews what the cookie holds, also if the bearer token differs only in what it may do', async () => {
      const { clock, issuer, sessions, visit } = start({}, { from: [bearer()] });
      const { kid } = issuer.publicJwk();
      // As other issuers make tokens: without `jti`, two in one second look alike.
      const token = (roles: string[], plan: string) => craft(claims({ roles, plan }), { key: ec, header: { kid } });
      await clock.advance(HOUR * 0.6);
      const next = await visit({
        authorization: `Bearer ${token(['admin'], 'pro')}`,
        cookie: `s=${token(['reader'], 'free')}`,
      });
      const renewed = await sessions.verify(next ?? '');
      expect([...renewed.roles]).toEqual(['reader']);
      expect(renewed.claims).toMatchObject({ plan: 'free' });
    });

    it('renews the cookie that holds the same token', async () => {
      const { sessions, visit, alice } = await old({});
      const next = await visit({ authorization: `Bearer ${alice}`, cookie: `s=${alice}` });
      expect((await sessions.verify(next ?? '')).sub).toBe('alice');
    });

    it('renews the cookie, if the bearer token is not valid', async () => {
      const { sessions, visit, alice } = await old({ severalTokens: 'only-valid' });
      const next = await visit({ authorization: 'Bearer nonsense', cookie: `s=${alice}` });
      expect((await sessions.verify(next ?? '')).sub).toBe('alice');
    });
  });

  it('leaves alone: no session, a bearer token, an expired or revoked session, a cookie of the app', async () => {
    const { clock, issuer, visit } = start();
    const token = await issuer.issue({ sub: 'alice' });
    await clock.advance(HOUR * 0.6);
    expect(await visit({})).toBeUndefined();
    expect(await visit({ authorization: `Bearer ${token}` })).toBeUndefined();
    expect(await visit({ cookie: `s=${token}` }, [['set-cookie', sessionCookie.clear().at(-1) ?? '']])).toBeUndefined();
    expect(await visit({ cookie: `s=${token}` }, [['cache-control', 'public, max-age=60']])).toBeUndefined();
    expect(await visit({ cookie: `s=${token}` })).toBeDefined();
    await clock.advance(HOUR);
    expect(await visit({ cookie: `s=${token}` })).toBeUndefined();
    const revoked = start({}, { isRevoked: () => true });
    const other = await revoked.issuer.issue({ sub: 'alice' });
    await revoked.clock.advance(HOUR * 0.6);
    expect(await revoked.visit({ cookie: `s=${other}` })).toBeUndefined();
  });

  it('takes the roles of the app, and does not renew what the app no longer grants', async () => {
    const { clock, issuer, sessions, visit } = start({
      grant: ({ sub }) => (sub === 'alice' ? { roles: ['reader'] } : undefined),
    });
    const [alice, bob] = [await issuer.issue({ sub: 'alice', roles: ['admin'] }), await issuer.issue({ sub: 'bob' })];
    await clock.advance(HOUR * 0.6);
    expect(await visit({ cookie: `s=${bob}` })).toBeUndefined();
    expect([...(await sessions.verify((await visit({ cookie: `s=${alice}` })) ?? '')).roles]).toEqual(['reader']);
  });

  it('lets a request pass when the renewal fails', async () => {
    const { clock, issuer, visit } = start({ grant: () => Promise.reject(new Error('no database')) });
    const token = await issuer.issue({ sub: 'alice' });
    await clock.advance(HOUR * 0.6);
    expect(await visit({ cookie: `s=${token}` })).toBeUndefined();
  });

  it('refuses wrong options, and a sign-in in the future', async () => {
    expect(() => start({ afterShare: 1 })).toThrow(RangeError);
    expect(() => start({ maxSessionMs: 1 })).toThrow(RangeError);
    expect(() => start({ grant: 1 as never })).toThrow(TypeError);
    expect(() => start({ issuer: undefined as never })).toThrow(TypeError);
    const { issuer, clock } = start();
    await expect(issuer.issue({ sub: 'a', signedInAt: clock.wallMs() / 1_000 + 1 })).rejects.toThrow(RangeError);
  });
});
