import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Live, live } from '../../src/index.ts';
import { createKeyring, equalInConstantTime, type Secrets } from '../../src/kit/index.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(32)) as [string, string, string];
const ring = (secrets: Secrets | Live<Secrets>, more: { purpose?: string; length?: number } = {}) =>
  createKeyring({ option: 'createThing: secret', secrets, purpose: 'test', ...more });

describe('createKeyring()', () => {
  test('signs with HMAC-SHA-256 under a key derived from the secret and the purpose', () => {
    const key = createHmac('sha256', A).update('regionkit test').digest();
    const code = createHmac('sha256', key).update('data').digest('base64url');
    expect(ring(A).sign('data')).toBe(code);
    expect(code).toHaveLength(43);
    expect(ring(A, { length: 22 }).sign('data')).toBe(code.slice(0, 22));
  });

  test('signs with the first secret and verifies with all', () => {
    const rotating = ring([B, A]);
    expect(rotating.sign('data')).toBe(ring(B).sign('data'));
    expect(rotating.verify('data', ring(A).sign('data'))).toBe(true);
    expect(rotating.verify('data', ring(B).sign('data'))).toBe(true);
    expect(rotating.verify('data', ring(C).sign('data'))).toBe(false);
  });

  test('verifies what it signed and nothing that differs from it in one character', () => {
    const keys = ring([A, B]);
    fc.assert(
      fc.property(fc.string(), fc.nat(42), fc.string({ minLength: 1, maxLength: 1 }), (data, at, other) => {
        const code = keys.sign(data);
        expect(keys.verify(data, code)).toBe(true);
        const forged = code.slice(0, at) + other + code.slice(at + 1);
        expect(keys.verify(data, forged)).toBe(forged === code);
        expect(keys.verify(`${data}x`, code)).toBe(false);
      }),
    );
  });

  test.each(['', 'x', 'é'.repeat(43), '\u{1f600}'.repeat(22), 'x'.repeat(43), 'x'.repeat(10_000)])(
    'verifies no code that is none: %j',
    (code) => {
      expect(ring(A).verify('data', code)).toBe(false);
    },
  );

  test('verifies no code that differs above the low byte of a character', () => {
    const code = ring(A).sign('data');
    const shifted = String.fromCharCode(code.charCodeAt(0) + 0x100) + code.slice(1);
    expect(ring(A).verify('data', shifted)).toBe(false);
  });

  test('gives codes of one purpose no meaning for another', () => {
    expect(ring(A, { purpose: 'hop' }).verify('data', ring(A, { purpose: 'token' }).sign('data'))).toBe(false);
  });

  test('follows a live secret, and keeps the last good keys through a bad rotation', () => {
    const secret = live<Secrets>(A);
    const keys = ring(secret);
    const before = keys.sign('data');
    secret.set([B, A]);
    expect(keys.sign('data')).toBe(ring(B).sign('data'));
    expect(keys.verify('data', before)).toBe(true);
    for (const bad of ['short', '', [], undefined as never, [A, 7 as never]]) {
      secret.set(bad);
      expect(keys.sign('data')).toBe(ring(B).sign('data'));
    }
    secret.set(C);
    expect(keys.verify('data', before)).toBe(false);
    expect(keys.sign('data')).toBe(ring(C).sign('data'));
  });

  test('asks the source of a live secret for a newer one', async () => {
    const reasons: unknown[] = [];
    const keys = ring({
      current: A,
      subscribe: () => () => {},
      refresh: async (options) => void reasons.push(options),
    });
    await keys.refresh();
    expect(reasons).toEqual([{ reason: 'createThing: secret did not verify' }]);
    await expect(ring(A).refresh()).resolves.toBeUndefined();
  });

  test.each([
    ['a short secret', 'x'.repeat(31), RangeError, 'must be at least 32 bytes long; got 31'],
    ['a short second secret', [A, 'short'], RangeError, 'must be at least 32 bytes long; got 5'],
    ['no secret', [], TypeError, 'must be a secret or a list of secrets'],
    ['a number', 7, TypeError, 'must be a secret or a list of secrets'],
    ['nothing', undefined, TypeError, 'must be a secret or a list of secrets'],
    ['a list with a number', [7], TypeError, 'must be a secret or a list of secrets'],
    ['a short live secret', live('short'), RangeError, 'must be at least 32 bytes long; got 5'],
  ])('refuses %s, and never shows it', (_what, secrets, kind, message) => {
    const attempt = (): unknown => ring(secrets as never);
    expect(attempt).toThrow(kind);
    expect(attempt).toThrow(`createThing: secret ${message}`);
    expect(attempt).not.toThrow('short;');
  });

  test('counts bytes, not characters', () => {
    expect(() => ring('é'.repeat(16))).not.toThrow();
  });
});

test('equalInConstantTime() tells equal strings from others of any length', () => {
  expect(equalInConstantTime('', '')).toBe(true);
  fc.assert(
    fc.property(fc.string(), fc.string(), (left, right) => {
      expect(equalInConstantTime(left, left)).toBe(true);
      expect(equalInConstantTime(left, right)).toBe(left === right);
    }),
  );
});

test('a source that can no longer be read leaves the last good keys', () => {
  let broken = false;
  const live = {
    get current() {
      if (broken) throw new Error('expired');
      return 's'.repeat(32);
    },
    subscribe: () => () => {},
  };
  const keyring = createKeyring({ option: 'test', secrets: live, purpose: 'p' });
  const code = keyring.sign('data');
  broken = true;
  expect([keyring.verify('data', code), keyring.sign('data')]).toEqual([true, code]);
});

test('a fingerprint tells secrets and purposes apart, is the same in every process, and is no code of anything', () => {
  const ring = (secrets: string | string[], purpose = 'a') => createKeyring({ option: 'x', secrets, purpose });
  const [one, two] = ['1'.repeat(32), '2'.repeat(32)];
  expect(ring(one).fingerprints()).toEqual(ring(one).fingerprints());
  expect(ring([one, two]).fingerprints()).toEqual([...ring(one).fingerprints(), ...ring(two).fingerprints()]);
  expect(ring(one).fingerprints()).not.toEqual(ring(one, 'b').fingerprints());
  expect(ring(one).fingerprints()[0]).toMatch(/^[\w-]{11}$/);
});
