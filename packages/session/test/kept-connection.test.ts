import { hash } from 'node:crypto';
import { live } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bearer, cookie, type KeySource, type RevocationEpochs, type SessionVerifierOptions } from '../src/index.ts';
import { checkSignature } from '../src/signature.ts';
import { claims, craft, ec, jwks, NOW, verifier } from './support.ts';

// The real ones, counted.
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>();
  return { ...real, hash: vi.fn(real.hash) };
});
vi.mock('../src/signature.ts', async (original) => {
  const real = await original<typeof import('../src/signature.ts')>();
  return { checkSignature: vi.fn(real.checkSignature) };
});

const alice = craft(claims());
const bob = craft(claims({ sub: 'bob' }));

/** A verifier behind a door, and requests that come to it on connections. */
function setUp(options: Partial<SessionVerifierOptions<never>> = {}) {
  const sessions = verifier({ from: [bearer(), cookie('s')], ...options });
  const door = sessions.require();
  const reasonOn = async (socket: object, token: string, httpVersionMajor = 1): Promise<string> => {
    // Each request has a string of its own.
    const authorization = Buffer.from(`Bearer ${token}`).toString();
    const raw = { httpVersionMajor, socket } as never;
    return (await door.decide(requestView({ raw, headers: { authorization } }))).reason;
  };
  return { sessions, reasonOn };
}

beforeEach(() => {
  vi.mocked(hash).mockClear();
  vi.mocked(checkSignature).mockClear();
});

describe('a connection that is kept', () => {
  it('needs no digest of its token from the fourth request on', async () => {
    const { sessions, reasonOn } = setUp();
    const socket = {};
    for (let at = 0; at < 10; at += 1) expect(await reasonOn(socket, alice)).toBe('session');
    expect(hash).toHaveBeenCalledTimes(3);
    expect(checkSignature).toHaveBeenCalledTimes(1);
    expect(sessions.stats()).toMatchObject({ verified: 1, cache: { hits: 9 } });
  });

  it('is known by itself: other connections and HTTP/2 streams are not', async () => {
    const { reasonOn } = setUp();
    const socket = {};
    for (let at = 0; at < 3; at += 1) await reasonOn(socket, alice);
    vi.mocked(hash).mockClear();
    await reasonOn({}, alice);
    expect(hash).toHaveBeenCalledTimes(1);
    for (let at = 0; at < 3; at += 1) await reasonOn(socket, alice, 2);
    expect(hash).toHaveBeenCalledTimes(4);
  });

  it('may bring the tokens of many, as that of a proxy does', async () => {
    const { sessions, reasonOn } = setUp();
    const socket = {};
    for (const token of [alice, bob, alice, bob, bob, alice, alice, alice, bob]) {
      expect(await reasonOn(socket, token)).toBe('session');
      expect((await sessions.verify(token)).sub).toBe(token === bob ? 'bob' : 'alice');
    }
  });

  it('never passes a token that differs in one character', async () => {
    const { reasonOn } = setUp();
    const socket = {};
    for (let at = 0; at < 3; at += 1) expect(await reasonOn(socket, alice)).toBe('session');
    for (const at of [0, 40, 100, alice.length - 10]) {
      const other = alice.slice(0, at) + (alice[at] === 'A' ? 'B' : 'A') + alice.slice(at + 1);
      expect(await reasonOn(socket, other)).not.toBe('session');
    }
    expect(await reasonOn(socket, `${alice}A`)).not.toBe('session');
    expect(await reasonOn(socket, alice)).toBe('session');
  });

  it('brings each request to the times, the epochs, the hook and the keys of now', async () => {
    const keys = live<KeySource>(jwks);
    const notBefore = live<RevocationEpochs>({});
    const isRevoked = vi.fn(() => false);
    const { sessions, reasonOn } = setUp({ keys, notBefore, isRevoked });
    const socket = {};
    for (let at = 0; at < 3; at += 1) expect(await reasonOn(socket, alice)).toBe('session');
    expect(isRevoked).toHaveBeenCalledTimes(3);
    isRevoked.mockReturnValueOnce(true);
    expect(await reasonOn(socket, alice)).toBe('revoked');
    notBefore.set({ all: NOW });
    expect(await reasonOn(socket, alice)).toBe('revoked');
    notBefore.set({});
    expect(await reasonOn(socket, alice)).toBe('session');
    sessions.clock.stepWall(-6_000);
    expect(await reasonOn(socket, alice)).toBe('not-yet-valid');
    sessions.clock.stepWall(6_000);
    keys.set({ keys: [ec.publicJwk] });
    expect(await reasonOn(socket, alice)).toBe('unknown-key');
    keys.set(jwks);
    expect(await reasonOn(socket, alice)).toBe('session');
    sessions.clock.stepWall(4_000_000);
    expect(await reasonOn(socket, alice)).toBe('expired');
  });

  it('is not remembered where no token is', async () => {
    const { reasonOn } = setUp({ cache: { max: 0 } });
    const socket = {};
    for (let at = 0; at < 4; at += 1) expect(await reasonOn(socket, alice)).toBe('session');
    expect(checkSignature).toHaveBeenCalledTimes(4);
  });
});
