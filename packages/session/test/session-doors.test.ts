import { requestView } from '@regionkit/core/testing';
import { describe, expect, it, vi } from 'vitest';
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
