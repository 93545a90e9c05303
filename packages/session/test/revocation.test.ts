import { live } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it, vi } from 'vitest';
import { claims, craft, NOW, NOW_MS, reasonOf, until, verifier } from './support.ts';

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

  it('that looks at its signal only after it was given up sees that it was', async () => {
    const clock = fakeClock({ wallMs: NOW_MS });
    let goOn = (): void => {};
    let seen: boolean | undefined;
    const sessions = verifier({
      clock,
      isRevoked: async (_, context) => {
        await new Promise<void>((resolve) => (goOn = resolve));
        seen = context.signal.aborted;
        return false;
      },
    });
    const pending = reasonOf(sessions.verify(token));
    await until(() => clock.pending === 1);
    await clock.advance(1_000);
    expect(await pending).toBe('ERR_SESSION_UNAVAILABLE');
    goOn();
    await clock.advance(0);
    expect(seen).toBe(true);
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

  it('may be undefined, as the optional members of a schema are', async () => {
    const notBefore = { all: undefined, sub: undefined, sid: undefined, kid: undefined };
    expect(await reasonOf(verifier({ notBefore }).verify(craft(claims())))).toBe('accepted');
  });

  it('that are withheld, as an expired secret is, are a 503 and not a session', async () => {
    let withheld = false;
    const notBefore = {
      get current() {
        if (withheld) throw new Error('expired');
        return {};
      },
      subscribe: () => () => {},
    };
    const sessions = verifier({ notBefore });
    const rejected = vi.fn();
    sessions.on('epochs-rejected', rejected);
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('accepted');
    withheld = true;
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('ERR_SESSION_UNAVAILABLE');
    withheld = false;
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('accepted');
    expect(rejected).not.toHaveBeenCalled();
  });

  it('of hostile names stay names', async () => {
    const notBefore = JSON.parse(`{"sub":{"__proto__":${NOW},"constructor":1}}`);
    expect(await reasonOf(verifier({ notBefore }).verify(craft(claims())))).toBe('accepted');
    expect(await reasonOf(verifier({ notBefore }).verify(craft(claims({ sub: '__proto__' }))))).toBe('revoked');
    expect(await reasonOf(verifier({ notBefore }).verify(craft(claims({ sub: 'toString' }))))).toBe('accepted');
  });
});
