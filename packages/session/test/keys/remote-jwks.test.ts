import { live } from '@regionkit/core';
import { type FakeClock, fakeClock } from '@regionkit/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KeySource, SessionVerifier, SessionVerifierOptions } from '../../src/index.ts';
import { claims, craft, jwks, NOW_MS, otherRsa, reasonOf, rsa, verifier } from '../support.ts';

const URL_OF_KEYS = 'https://auth.example.com/jwks';
const WEEK_MS = 604_800_000;
const UNAVAILABLE = 'ERR_SESSION_UNAVAILABLE';

type Fetch = typeof globalThis.fetch;
const answering =
  (keys: object = jwks): Fetch =>
  async () =>
    Response.json(keys);
const down: Fetch = async () => {
  throw new TypeError('fetch failed');
};

const made: SessionVerifier<never>[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((sessions) => sessions.close()));
});

/** A verifier whose keys come from a URL, and what that URL does at each moment. */
function remote(options: Partial<SessionVerifierOptions<never>> = {}, behaviour = answering()) {
  const fetch = vi.fn<Fetch>(behaviour);
  const sessions = verifier<never>({ keys: URL_OF_KEYS, ...options, remote: { fetch, ...options.remote } });
  const { clock } = sessions;
  made.push(sessions);
  const told: string[] = [];
  for (const event of ['keys-rejected', 'keys-expired'] as const) sessions.on(event, () => told.push(event));
  const ask = (): Promise<unknown> => {
    const now = clock.wallMs() / 1_000;
    return reasonOf(sessions.verify(craft(claims({ iat: now, exp: now + 60 }))));
  };
  return { clock, fetch, sessions, told, ask };
}

describe('ready()', () => {
  it('waits for a first fetch that is slow but in time', async () => {
    const clock = fakeClock({ wallMs: NOW_MS });
    const slow: Fetch = () => new Promise((resolve) => clock.schedule(() => resolve(Response.json(jwks)), 3_000));
    const { sessions } = remote({ clock }, slow);
    const outcome = reasonOf(sessions.ready());
    await clock.advance(4_000);
    expect(await outcome).toBe('accepted');
  });
});

describe('a fetch', () => {
  it('that does not hear its signal ends at the deadline, and others follow', async () => {
    const { clock, fetch, sessions, told } = remote();
    await sessions.ready();
    fetch.mockImplementation(() => new Promise(() => {}));
    await clock.advance(660_000 + 5_000);
    expect(told).toContain('keys-rejected');
    fetch.mockImplementation(answering({ keys: [rsa.publicJwk] }));
    await clock.advance(60_000);
    expect(sessions.stats().keys.map(({ kid }) => kid)).toEqual(['rsa-1']);
  });

  it('that began before a refresh was asked for does not stand for it', async () => {
    const { fetch, sessions } = remote();
    let answer = (_: Response): void => {};
    await sessions.ready();
    fetch.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const first = sessions.refresh();
    const second = sessions.refresh();
    fetch.mockImplementation(answering({ keys: [rsa.publicJwk] }));
    answer(Response.json(jwks));
    await Promise.all([first, second]);
    expect(sessions.stats().keys.map(({ kid }) => kid)).toEqual(['rsa-1']);
  });

  it('is the last one once the live value names another source', async () => {
    const keys = live<KeySource>(URL_OF_KEYS);
    const { clock, fetch, sessions } = remote({ keys });
    await sessions.ready();
    keys.set(jwks);
    await clock.advance(3_600_000);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  it('is made up for by the first verification after the process was suspended', async () => {
    const { clock, fetch, sessions, ask } = remote();
    await sessions.ready();
    clock.stepWall(8 * 3_600_000);
    await Promise.all([ask(), ask(), ask()]);
    await clock.advance(0);
    expect(fetch).toHaveBeenCalledTimes(2);
    await ask();
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});

describe('a token of a key that is not in the set yet', () => {
  const newcomer = (clock: FakeClock): string => {
    const now = clock.wallMs() / 1_000;
    return craft(claims({ iat: now, exp: now + 60 }), { key: otherRsa });
  };
  const withNewcomer = answering({ keys: [...jwks.keys, otherRsa.publicJwk] });

  it('is 503 while the URL is slow, and accepted once it has answered', async () => {
    const { clock, fetch, sessions } = remote();
    await sessions.ready();
    fetch.mockImplementationOnce(
      (...args) => new Promise((resolve) => clock.schedule(() => resolve(withNewcomer(...args)), 3_000)),
    );
    const first = reasonOf(sessions.verify(newcomer(clock)));
    await clock.advance(1_000);
    expect(await first).toBe(UNAVAILABLE);
    expect(await reasonOf(sessions.verify(newcomer(clock)))).toBe(UNAVAILABLE);
    await clock.advance(2_000);
    // A new key is vetted in another thread first.
    await vi.waitFor(async () => expect(await reasonOf(sessions.verify(newcomer(clock)))).toBe('accepted'), 20_000);
  });

  it.each([500, 404, 301])('is 503 while the URL answers %i, in the cooldown as well', async (status) => {
    const { clock, fetch, sessions } = remote();
    await sessions.ready();
    fetch.mockImplementation(async () => new Response('{}', { status }));
    for (let second = 0; second < 40; second += 1) {
      expect(await reasonOf(sessions.verify(newcomer(clock)))).toBe(UNAVAILABLE);
      await clock.advance(1_000);
    }
    fetch.mockImplementation(withNewcomer);
    await clock.advance(30_000);
    expect(await reasonOf(sessions.verify(newcomer(clock)))).toBe('accepted');
  });

  it('is 401 as soon as a fresh set lacks it, also one that was fetched by itself after a failure', async () => {
    const { clock, fetch, sessions } = remote();
    await sessions.ready();
    expect(await reasonOf(sessions.verify(newcomer(clock)))).toBe('unknown-key');
    await clock.advance(30_000);
    fetch.mockImplementationOnce(down);
    expect(await reasonOf(sessions.verify(newcomer(clock)))).toBe(UNAVAILABLE);
    await clock.advance(12_000);
    expect(sessions.stats().keyState).toBe('fresh');
    expect(await reasonOf(sessions.verify(newcomer(clock)))).toBe('unknown-key');
  });
});

it('a fetched set with bad members serves its other keys, and tells which are not used, and why', async () => {
  const keys = [rsa.publicJwk, { ...otherRsa.publicJwk, kid: 'rsa-1' }, { kty: 'oct', k: 'AAAA' }];
  const { sessions, ask, told } = remote({}, answering({ keys }));
  const unusable: unknown[] = [];
  sessions.on('keys', (event) => unusable.push(...event.unusable));
  await sessions.ready();
  expect(await ask()).toBe('accepted');
  expect(unusable).toEqual([
    { position: 1, reason: 'duplicate-kid' },
    { position: 2, reason: 'symmetric' },
  ]);
  expect(told).toEqual([]);
});

describe('a fetch that failed', () => {
  it('is run again after a second, then less and less often, up to every ten seconds', async () => {
    const { clock, fetch, sessions } = remote({}, down);
    await expect(sessions.ready()).rejects.toMatchObject({ status: 503 });
    const atMs: number[] = [];
    const startMs = clock.now();
    fetch.mockImplementation(async () => {
      atMs.push(clock.now() - startMs);
      throw new TypeError('fetch failed');
    });
    await clock.advance(60_000);
    const waits = atMs.slice(1).map((ms, run) => ms - (atMs[run] ?? 0));
    for (const [run, limit] of [2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
      expect(waits[run]).toBeGreaterThanOrEqual(0.9 * limit - 1);
      expect(waits[run]).toBeLessThanOrEqual(1.1 * limit + 1);
    }

    fetch.mockImplementation(answering());
    await clock.advance(11_000);
    fetch.mockClear();
    await clock.advance(500_000);
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([
    [{ retryMs: 10_000 }, /remote has no option "retryMs"; it takes everyMs, retry/],
    [{ retry: { attempts: 3 } }, /remote\.retry has no option "attempts"; it takes backoff/],
    [{ retry: { backoff: { baseMs: 1 } } }, /remote\.retry\.backoff\.baseMs must be an integer from 100/],
    [{ retry: { backoff: { maxMs: 500 } } }, /remote\.retry\.backoff\.maxMs must be an integer from 1000/],
  ])('refuses %o', (given, message) => {
    expect(() => remote({ remote: given as never })).toThrow(message);
  });
});

describe('keys that their URL does not confirm', () => {
  it('stay in use for a week, are reported from the first failure on, and are refused with 503 after that', async () => {
    const { clock, fetch, sessions, told, ask } = remote({ remote: { retry: { backoff: { baseMs: 600_000 } } } });
    expect(sessions.stats()).toMatchObject({ keyState: 'absent', fetchedMsAgo: undefined });
    await sessions.ready();
    expect(sessions.stats()).toMatchObject({ keyState: 'fresh', fetchedMsAgo: 0 });

    fetch.mockImplementation(down);
    await clock.advance(700_000);
    expect(told).toEqual(['keys-rejected']);
    expect(sessions.stats().keyState).toBe('stale');
    await clock.advance(WEEK_MS - 700_000);
    expect(await ask()).toBe('accepted');
    expect(told).not.toContain('keys-expired');

    await clock.advance(1);
    expect(await ask()).toBe(UNAVAILABLE);
    expect(await ask()).toBe(UNAVAILABLE);
    expect(told.filter((event) => event === 'keys-expired')).toHaveLength(1);
    expect(sessions.stats()).toMatchObject({ keyState: 'expired', fetchedMsAgo: WEEK_MS + 1 });
    expect(sessions.stats().keys).toHaveLength(3);
    await expect(sessions.ready()).rejects.toMatchObject({ status: 503 });

    fetch.mockImplementation(answering());
    await clock.advance(700_000);
    expect(sessions.stats().keyState).toBe('fresh');
    expect(await ask()).toBe('accepted');
  });

  it('are refused also for a token that is remembered, and are remembered when they come back', async () => {
    const { clock, fetch, sessions } = remote({
      maxLifetimeMs: null,
      remote: { maxStaleMs: 3_600_000 },
    });
    const token = craft(claims({ exp: NOW_MS / 1_000 + 86_400 }));
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
    fetch.mockImplementation(down);
    await clock.advance(3_700_000);
    expect(await reasonOf(sessions.verify(token))).toBe(UNAVAILABLE);
    fetch.mockImplementation(answering());
    await sessions.refresh();
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
    expect(sessions.stats().verified).toBe(1);
  });

  it('are told to have expired although nobody presents a token', async () => {
    const { clock, fetch, sessions, told } = remote({ remote: { maxStaleMs: 3_600_000 } });
    await sessions.ready();
    fetch.mockImplementation(down);
    await clock.advance(3_700_000);
    expect(told).toContain('keys-expired');
  });

  it('go on ageing while the process is suspended', async () => {
    const { clock, fetch, sessions, ask } = remote();
    await sessions.ready();
    fetch.mockImplementation(down);
    clock.stepWall(WEEK_MS + 1);
    expect(await ask()).toBe(UNAVAILABLE);
  });

  it('and came from elsewhere are not used for ever because the URL never answers', async () => {
    const keys = live<KeySource>(jwks);
    const { clock, fetch, sessions, ask } = remote({ keys, remote: { maxStaleMs: 3_600_000 } });
    await clock.advance(7_200_000);
    fetch.mockImplementation(down);
    keys.set(URL_OF_KEYS);
    expect(sessions.stats().keyState).toBe('stale');
    expect(await ask()).toBe('accepted');
    await clock.advance(3_600_001);
    expect(await ask()).toBe(UNAVAILABLE);
    keys.set(jwks);
    expect(await ask()).toBe('accepted');
    expect(sessions.stats()).toMatchObject({ keyState: 'fresh', fetchedMsAgo: undefined });
  });

  it('are what they were when the verifier was closed', async () => {
    for (const expired of [false, true]) {
      const { clock, fetch, sessions, ask } = remote({ remote: { maxStaleMs: 3_600_000 } });
      await sessions.ready();
      fetch.mockImplementation(down);
      await clock.advance(expired ? 3_700_000 : 0);
      await sessions.close();
      await clock.advance(7_200_000);
      expect(await ask()).toBe(expired ? UNAVAILABLE : 'accepted');
    }
  });

  it('stay in use for ever if somebody wrote null', async () => {
    const { clock, fetch, sessions, ask } = remote({
      remote: { maxStaleMs: null, retry: { backoff: { baseMs: 86_400_000 } } },
    });
    await sessions.ready();
    fetch.mockImplementation(down);
    await clock.advance(10 * WEEK_MS);
    expect(await ask()).toBe('accepted');
    expect(sessions.stats().keyState).toBe('stale');
  });

  it('cannot be told to expire between two fetches', () => {
    expect(() => remote({ remote: { everyMs: 60_000, maxStaleMs: 119_999 } })).toThrow(
      /remote\.maxStaleMs must be an integer from 120000/,
    );
    expect(() => remote({ remote: { everyMs: 1_209_600_000 } })).not.toThrow();
  });
});
