import { requestView } from '@regionkit/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bearer, cookie } from '../src/index.ts';
import { claims, craft, verifier } from './support.ts';

describe('a door', () => {
  const token = craft(claims());
  const withToken = (headers: Record<string, string | string[]>) => requestView({ headers });

  it('decides at once about a token it remembers', async () => {
    const sessions = verifier({ from: [bearer(), cookie('s')] });
    const door = sessions.require();
    await door.decide(withToken({ authorization: `Bearer ${token}` }));
    const decision = door.decide(withToken({ cookie: `s=${token}` }));
    expect(decision).not.toBeInstanceOf(Promise);
    expect(decision).toMatchObject({ action: 'next', reason: 'session' });
  });

  describe('that several tokens come to', () => {
    const other = craft(claims({ sub: 'mallory' }));
    const expired = craft(claims({ iat: 1, exp: 2 }));
    const bearerAnd = (first: string, ...cookies: string[]) =>
      withToken({ authorization: `Bearer ${first}`, cookie: cookies.map((value) => `s=${value}`).join('; ') });
    const outcome = async (request: ReturnType<typeof withToken>) =>
      (
        (await verifier({ from: [bearer(), cookie('s')] })
          .require()
          .decide(request)) as { reason: string }
      ).reason;

    it.each([
      ['two cookies', withToken({ cookie: `s=${token}; x=1; s=${token}` })],
      ['two cookie fields', withToken({ cookie: [`s=${token}`, `s=${token}`] })],
      ['a cookie and a bearer', bearerAnd(token, token)],
      ['two fields', withToken({ authorization: [`Bearer ${token}`, `bearer ${token}`] })],
      ['a list', withToken({ authorization: `Bearer ${token}, Bearer ${token}` })],
    ])('takes the same one twice for one: %s', async (_, request) => {
      expect(await outcome(request)).toBe('session');
    });

    it('refuses different ones, valid or not', async () => {
      for (const twin of [other, expired, 'x']) {
        expect(await outcome(bearerAnd(token, twin))).toBe('ambiguous');
        expect(await outcome(withToken({ cookie: `s=${token}; s=${twin}` }))).toBe('ambiguous');
      }
    });

    it('takes the only valid one where the app says so, and no other', async () => {
      const cases: [string, string[], string][] = [
        [token, ['x'], 'session'],
        ['x', [token], 'session'],
        [expired, [token, 'x'], 'session'],
        [token, [other], 'ambiguous'],
        [expired, ['x'], 'expired'],
        [token, ['x', 'y', 'z', 'w'], 'ambiguous'],
      ];
      for (const [first, cookies, reason] of cases) {
        const sessions = verifier({ from: [bearer(), cookie('s')], severalTokens: 'only-valid' });
        expect(await sessions.require().decide(bearerAnd(first, ...cookies))).toMatchObject({ reason });
      }
    });

    it('does not take the only valid one while another cannot be judged', async () => {
      const isRevoked = ({ sub }: { sub: string }): boolean => {
        if (sub === 'mallory') throw new Error('down');
        return false;
      };
      const sessions = verifier({ from: [bearer(), cookie('s')], severalTokens: 'only-valid', isRevoked });
      expect(await sessions.require().decide(bearerAnd(token, other))).toMatchObject({ reason: 'unavailable' });
    });

    it('counts a whole cookie and chunks beside it as two, and only-valid takes whichever is still valid', async () => {
      const chunked = (one: string): string => `s.0=${one.slice(0, 40)}; s.1=${one.slice(40)}`;
      const reasonFor = async (field: string, severalTokens: 'reject' | 'only-valid'): Promise<unknown> => {
        const sessions = verifier({ from: [cookie('s', { chunks: true })], severalTokens });
        return ((await sessions.require().decide(withToken({ cookie: field }))) as { reason: string }).reason;
      };
      for (const field of [`s=${expired}; ${chunked(token)}`, `${chunked(expired)}; s=${token}`]) {
        expect(await reasonFor(field, 'reject')).toBe('ambiguous');
        expect(await reasonFor(field, 'only-valid')).toBe('session');
      }
      expect(await reasonFor(`s=${other}; ${chunked(token)}`, 'only-valid')).toBe('ambiguous');
      expect(await reasonFor(`s=${token}; ${chunked(token)}`, 'reject')).toBe('session');
    });

    it('must be told apart by a word that there is', () => {
      expect(() => verifier({ severalTokens: 'first' as never })).toThrow(/severalTokens must be one of/);
    });
  });

  it('does not look again at a request that passed another door of the same verifier', async () => {
    const isRevoked = vi.fn(() => false);
    const sessions = verifier({ isRevoked });
    const request = withToken({ authorization: `Bearer ${token}` });
    await sessions.decide(request);
    await sessions.require().decide(request);
    expect(await sessions.require('admin').decide(request)).toMatchObject({ status: 403, reason: 'role' });
    expect(isRevoked).toHaveBeenCalledTimes(1);
  });

  it('tells of each refused request once, and of anonymous ones only where that is refused', async () => {
    const sessions = verifier();
    const reasons: string[] = [];
    sessions.on('rejected', ({ reason }) => reasons.push(reason));
    const bad = withToken({ authorization: 'Bearer x' });
    await sessions.optional().decide(bad);
    await sessions.require().decide(bad);
    const anonymous = requestView();
    await sessions.optional().decide(anonymous);
    await sessions.require().decide(anonymous);
    expect(reasons).toEqual(['not-compact', 'missing']);
  });

  it('asks for all roles, or for any of a list', async () => {
    const sessions = verifier();
    const request = withToken({ authorization: `Bearer ${craft(claims({ roles: ['a', 'b'] }))}` });
    const actionOf = async (door: { decide(view: typeof request): unknown }): Promise<unknown> =>
      ((await door.decide(request)) as { action: string }).action;
    expect(await actionOf(sessions.require('a', 'b'))).toBe('next');
    expect(await actionOf(sessions.require('a', 'c'))).toBe('respond');
    expect(await actionOf(sessions.require({ anyOf: ['c', 'b'] }))).toBe('next');
    expect(await actionOf(sessions.require({ anyOf: ['c'] }))).toBe('respond');
    expect(() => sessions.require('')).toThrow(RangeError);
    expect(() => sessions.require({ anyOf: [] })).toThrow(RangeError);
    for (const wrong of [null, {}, { anyOf: 'a' }, { anyof: ['a'] }, { anyOf: [7] }, 7, ['a']]) {
      expect(() => sessions.require(wrong as never)).toThrow(/^require: /);
    }
  });

  describe('and a CORS preflight', () => {
    const preflight = { origin: 'https://web.example.com', 'access-control-request-method': 'GET' };
    const view = (headers: Record<string, string>, method = 'OPTIONS') => requestView({ method, headers });
    afterEach(() => void vi.restoreAllMocks());

    it('is refused like any request without a session, and the process is warned once of what to do', async () => {
      const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      const sessions = verifier();
      for (const door of [sessions.require(), sessions.require('admin')]) {
        expect(await door.decide(view(preflight))).toMatchObject({ status: 401, reason: 'missing' });
      }
      expect(warned.mock.calls).toEqual([
        [expect.stringMatching(/Mount CORS before it/), { code: 'REGIONKIT_PREFLIGHT' }],
      ]);
    });

    it('is let in with a session, as any request', async () => {
      const withSession = view({ ...preflight, authorization: `Bearer ${token}` });
      expect(await verifier().require().decide(withSession)).toMatchObject({ action: 'next', reason: 'session' });
    });

    it("passes with preflight: 'pass'; without Origin, without a method, or as another method it does not", async () => {
      const door = verifier({ preflight: 'pass' }).require();
      expect(await door.decide(view(preflight))).toMatchObject({ action: 'next', reason: 'preflight' });
      const { origin, ...noOrigin } = preflight;
      for (const other of [view(noOrigin), view({ origin }), view(preflight, 'GET'), view(preflight, 'options')]) {
        expect(await door.decide(other)).toMatchObject({ action: 'respond', status: 401 });
      }
    });

    it('has two policies and no third', () => {
      expect(() => verifier({ preflight: true as never })).toThrow(/createSessionVerifier: preflight/);
    });
  });

  it('that was not passed is a mistake of the app, and peek() knows of nobody', () => {
    const sessions = verifier();
    for (const request of [new Request('https://app.example.com'), {}, undefined, null, 7]) {
      expect(() => sessions.of(request)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_NO_DOOR', status: 500 }));
      expect(sessions.peek(request)).toBeUndefined();
    }
  });

  it('of another verifier does not open this one', async () => {
    const request = new Request('https://app.example.com', { headers: { authorization: `Bearer ${token}` } });
    const passed = verifier();
    await passed.optional().decide(requestView({ raw: request, headers: { authorization: `Bearer ${token}` } }));
    expect(passed.of(request).sub).toBe('alice');
    expect(() => verifier().of(request)).toThrow(/mount/);
  });

  it('says what is wrong with its sources when it is made', () => {
    expect(() => verifier({ from: [] })).toThrow(RangeError);
    expect(() => verifier({ from: [{}] as never })).toThrow(TypeError);
    expect(() => verifier({ from: bearer() as never })).toThrow(TypeError);
  });
});
