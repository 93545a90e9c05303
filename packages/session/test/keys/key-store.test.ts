import { live } from '@regionkit/core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeySource } from '../../src/index.ts';
import { checkSignature } from '../../src/signature.ts';
import { claims, craft, ec, jwks, makeKey, otherRsa, reasonOf, rsa, verifier } from '../support.ts';

// The real check, counted, and held back when a test wants something to happen meanwhile.
let hold: Promise<void> | undefined;
vi.mock('../../src/signature.ts', async (original) => {
  const real = await original<typeof import('../../src/signature.ts')>();
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

  it.each(['at once', 'aside'])('in the middle of a verification %s: its token is refused', async (where) => {
    const keys = live<KeySource>(rsa.publicJwk);
    const sessions = verifier({ keys });
    vi.mocked(checkSignature).mockImplementationOnce(() => {
      keys.set(ec.publicJwk);
      return where === 'aside' ? Promise.resolve('good') : 'good';
    });
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('unknown-key');
    expect(sessions.stats()).toMatchObject({ verified: 0, cache: { size: 0 } });
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
      vi.mocked(checkSignature).mockImplementationOnce(() => {
        keys.set(successor);
        return 'good';
      });
    }
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('ERR_SESSION_UNAVAILABLE');
    expect(checkSignature).toHaveBeenCalledTimes(3);
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
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ERR_SESSION_UNAVAILABLE']));
    expect(refresh).toHaveBeenCalledTimes(1);

    // Those who waited wait no longer: there is room for others.
    await sessions.clock.advance(30_000);
    const later = vi.fn();
    void reasonOf(sessions.verify(token)).then(later);
    await sessions.clock.advance(999);
    expect(later).not.toHaveBeenCalled();
    await sessions.clock.advance(1);
    expect(later).toHaveBeenCalledTimes(1);
  });

  it('is 503 while the source fails, for it may have that key; 401 once it has answered without it', async () => {
    const refresh = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('down')).mockResolvedValue();
    const failing = verifier({ keys: { current: jwks, subscribe: () => () => {}, refresh } });
    expect(await reasonOf(failing.verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
    await failing.clock.advance(29_999);
    expect(await reasonOf(failing.verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
    await failing.clock.advance(1);
    expect(await reasonOf(failing.verify(token))).toBe('unknown-key');
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it('is 503 while a live value says that it is stale, and while its newest set is refused', async () => {
    const keys = { current: jwks as KeySource, stale: true, subscribe: () => () => {}, refresh: async () => {} };
    const sessions = verifier({ keys });
    expect(sessions.stats().keyState).toBe('stale');
    expect(await reasonOf(sessions.verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
    expect(await reasonOf(sessions.verify(craft(claims())))).toBe('accepted');
    keys.stale = false;
    keys.current = { keys: [{ ...rsa.publicJwk, e: 'AQ' }] };
    expect(await reasonOf(sessions.verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
    keys.current = jwks;
    expect(sessions.stats().keyState).toBe('fresh');
  });

  it('is refused when there is nobody to ask', async () => {
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
      [{ keys: [rsa.publicJwk, { ...ec.publicJwk, kid: 'rsa-1' }] }, 'duplicate-kid'],
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
      expect(sessions.stats().keyState).toBe('stale');
    }
    expect(rejected).toHaveBeenCalledTimes(bad.length);
    expect(changed).not.toHaveBeenCalled();
    keys.set(jwks);
    expect(sessions.stats().keyState).toBe('fresh');
  });

  it('is told of by name: which keys came, which went', () => {
    const keys = live<KeySource>({ keys: [rsa.publicJwk, ec.publicJwk] });
    const sessions = verifier({ keys });
    const changed = vi.fn();
    sessions.on('keys', changed);
    keys.set({ keys: [ec.publicJwk, otherRsa.publicJwk, { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' }] });
    expect(changed.mock.calls).toEqual([
      [{ kids: ['ec-1', 'rsa-2'], added: ['rsa-2'], removed: ['rsa-1'], aside: 1, unusable: [] }],
    ]);
  });
});

describe('a live value that withholds its keys, as an expired secret does,', () => {
  it('is believed: 503 until it hands them out again, told of once', async () => {
    let withheld = false;
    const keys = {
      get current() {
        if (withheld) throw new Error('expired');
        return jwks;
      },
      subscribe: () => () => {},
    };
    const sessions = verifier({ keys });
    const expired = vi.fn();
    sessions.on('keys-expired', expired);
    const token = craft(claims());
    await sessions.verify(token);
    withheld = true;
    for (let i = 0; i < 3; i += 1) expect(await reasonOf(sessions.verify(token))).toBe('ERR_SESSION_UNAVAILABLE');
    expect(await reasonOf(sessions.verify(craft(claims(), { key: ec })))).toBe('ERR_SESSION_UNAVAILABLE');
    expect(sessions.stats().keyState).toBe('expired');
    expect(expired).toHaveBeenCalledTimes(1);
    withheld = false;
    expect(await reasonOf(sessions.verify(token))).toBe('accepted');
    expect(sessions.stats()).toMatchObject({ keyState: 'fresh', verified: 1 });
  });
});

describe('after close()', () => {
  it('no token makes a live source be asked for newer keys', async () => {
    const refresh = vi.fn(async () => {});
    const sessions = verifier({ keys: { current: jwks, subscribe: () => () => {}, refresh } });
    await sessions.close();
    expect(await reasonOf(sessions.verify(craft(claims(), { key: otherRsa })))).toBe('unknown-key');
    expect(refresh).not.toHaveBeenCalled();
  });
});
