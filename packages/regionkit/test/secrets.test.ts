import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { live } from '@regionkit/core';
import { createKeyring } from '@regionkit/core/kit';
import { describe, expect, it } from 'vitest';
import { deriveSecret } from '../src/index.ts';
import { secretFor } from '../src/secrets.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const OTHER = 'another secret of thirty-two bytes, too';
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** RFC 5869 with the salt that is left out and one block, as its section 2 writes it. */
const hkdf = (secret: string, info: string): string =>
  hmac(hmac(Buffer.alloc(32), secret), `${info}\u0001`).toString('base64url');

describe('deriveSecret', () => {
  it.each([
    ['peers', 'regionkit health peers v1'],
    ['token', 'regionkit router token v1'],
    ['forward', 'regionkit gate forward v1'],
  ] as const)('derives that of %s by RFC 5869, with a label that never changes', (use, label) => {
    expect(deriveSecret(SECRET, use)).toBe(hkdf(SECRET, label));
  });

  it('is long enough for a keyring', () => {
    expect(() =>
      createKeyring({ option: 'test', secrets: deriveSecret(SECRET, 'token'), purpose: 'test' }),
    ).not.toThrow();
  });

  it.each([
    ['', TypeError],
    [undefined, TypeError],
    ['short', RangeError],
    [[], TypeError],
    [7, TypeError],
  ])('refuses %j without printing it', (given, type) => {
    expect(() => deriveSecret(given as string, 'token')).toThrow(type);
    expect(() => deriveSecret(given as string, 'token')).toThrow(
      /^deriveSecret: secret must be .*openssl rand -base64 32/,
    );
  });
});

describe('the secret of a part', () => {
  it('is a list where the secret of the kit is one: the first signs, all verify', () => {
    expect(secretFor('secret', [SECRET, OTHER], 'token')).toEqual([
      deriveSecret(SECRET, 'token'),
      deriveSecret(OTHER, 'token'),
    ]);
  });

  it('follows a live secret, and keeps its identity while that does not change', () => {
    const source = live<string | readonly string[]>(SECRET);
    const derived = secretFor('secret', source, 'token');
    const ring = createKeyring({ option: 'secret', secrets: derived, purpose: 'test' });
    const before = ring.sign('data');
    source.set([OTHER, SECRET]);
    expect(ring.sign('data')).not.toBe(before);
    expect(ring.verify('data', before)).toBe(true);
    const { current } = derived as { readonly current: unknown };
    expect((derived as { readonly current: unknown }).current).toBe(current);
  });

  it('leaves a keyring its last keys when a live secret turns bad', () => {
    const source = live<string | readonly string[]>(SECRET);
    const ring = createKeyring({ option: 'secret', secrets: secretFor('secret', source, 'token'), purpose: 'test' });
    const before = ring.sign('data');
    source.set('short');
    expect(ring.sign('data')).toBe(before);
  });

  it('tells its subscribers what is derived, asks the source for newer values, and passes on that it is stale', async () => {
    const asked: unknown[] = [];
    const source = Object.assign(live(SECRET), { stale: true, refresh: async (how: unknown) => void asked.push(how) });
    const derived = secretFor('secret', source, 'forward');
    if (typeof derived === 'string' || !('current' in derived)) throw new Error('it is not live');
    const told: unknown[] = [];
    const stop = derived.subscribe((value) => void told.push(value));
    source.set(OTHER);
    stop();
    source.set(SECRET);
    expect(told).toEqual([deriveSecret(OTHER, 'forward')]);
    await derived.refresh?.({ reason: 'test' });
    expect(asked).toEqual([{ reason: 'test' }]);
    expect(derived.stale).toBe(true);
  });

  it('is not in what an app prints or copies', () => {
    const derived = secretFor('secret', live(SECRET), 'token');
    for (const text of [
      inspect(derived, { depth: 9 }),
      JSON.stringify(derived),
      JSON.stringify({ ...(derived as object) }),
    ]) {
      expect(text).not.toContain(deriveSecret(SECRET, 'token'));
      expect(text).not.toContain(SECRET);
    }
  });

  it('is refused at the factory if the live value is bad then', () => {
    expect(() => secretFor('secret', live('short'), 'token')).toThrow(RangeError);
  });
});
