import { createKeyring } from '@regionkit/core/kit';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createEpochPacker, type HopClaims, signHop, verifyHop } from '../../src/http/hop.ts';
import { EPOCH, SECRET } from './helpers.ts';

const keyring = (secrets: string | readonly string[]) =>
  createKeyring({ option: 'test: secret', secrets, purpose: 'hop v1' });
const ring = keyring(SECRET);
const inBase64url = (text: string): string => Buffer.from(text).toString('base64url');
const NOW = 1_790_000_000_000;
const post = { method: 'POST', target: '/orders?x=1' };
const claims: HopClaims = {
  from: 'eu-west-1',
  to: 'us-east-1',
  atMs: NOW,
  deadlineMs: 5_000,
  epoch: EPOCH,
  write: true,
};
const receiver = { self: 'us-east-1', nowMs: NOW, maxAgeMs: 30_000 };
const mark = signHop(ring, post, claims);

describe('verifyHop()', () => {
  test('gives back what was signed', () => {
    expect(verifyHop(() => ring, post, [mark], receiver)).toEqual({ mark: 'valid', claims });
    const without = signHop(ring, post, { ...claims, epoch: undefined });
    expect(verifyHop(() => ring, post, [without], receiver)).toEqual({
      mark: 'valid',
      claims: { ...claims, epoch: undefined },
    });
    const read = signHop(ring, post, { ...claims, write: false });
    expect(verifyHop(() => ring, post, [read], receiver)).toEqual({
      mark: 'valid',
      claims: { ...claims, write: false },
    });
  });

  test('believes no mark for another request, another secret, or another purpose', () => {
    expect(verifyHop(() => ring, { ...post, method: 'DELETE' }, [mark], receiver).mark).toBe('invalid');
    expect(verifyHop(() => ring, { ...post, target: '/orders?x=2' }, [mark], receiver).mark).toBe('invalid');
    expect(verifyHop(() => keyring(`${SECRET}!`), post, [mark], receiver).mark).toBe('invalid');
    const token = createKeyring({ option: 'test: secret', secrets: SECRET, purpose: 'token v1' });
    expect(verifyHop(() => ring, post, [signHop(token, post, claims)], receiver).mark).toBe('invalid');
  });

  test('verifies with every secret of a list, while the first signs', () => {
    const rotated = keyring(['a newer secret, which signs from now on', SECRET]);
    expect(verifyHop(() => rotated, post, [mark], receiver).mark).toBe('valid');
    expect(verifyHop(() => ring, post, [signHop(rotated, post, claims)], receiver).mark).toBe('invalid');
  });

  test('tells one for another region, one of its own, and one whose time is out, either way', () => {
    expect(verifyHop(() => ring, post, [mark], { ...receiver, self: 'ap-south-1' }).mark).toBe('misaddressed');
    expect(verifyHop(() => ring, post, [mark], { ...receiver, self: 'eu-west-1' }).mark).toBe('own');
    for (const nowMs of [NOW + 30_001, NOW - 30_001]) {
      expect(verifyHop(() => ring, post, [mark], { ...receiver, nowMs }).mark).toBe('expired');
    }
    expect(verifyHop(() => ring, post, [mark], { ...receiver, nowMs: NOW + 30_000 }).mark).toBe('valid');
  });

  test('believes none of two', () => {
    expect(verifyHop(() => ring, post, [mark, mark], receiver).mark).toBe('invalid');
  });

  test('believes no mark in which a character was changed', () => {
    fc.assert(
      fc.property(fc.nat(mark.length - 1), fc.constantFrom(...'.-_aZ9 \u00ff'), (at, character) => {
        const altered = mark.slice(0, at) + character + mark.slice(at + 1);
        if (altered !== mark) expect(verifyHop(() => ring, post, [altered], receiver).mark).toBe('invalid');
      }),
    );
  });

  test.each([
    ['a timeline beyond 32 bits', { ...EPOCH, timeline: 5e9 }],
    ['a timeline that is no integer', { ...EPOCH, timeline: 3.5 }],
    ['timeline 0', { ...EPOCH, timeline: 0 }],
    ['an owner that is no string', { ...EPOCH, owner: 5 }],
    ['an owner that no document may carry', { ...EPOCH, owner: 'c/\u00e9 x' }],
    ['a system that is no number', { ...EPOCH, system: 'x' }],
    ['a server that is no hash', { ...EPOCH, server: 'x' }],
  ])('believes no epoch with %s, though a region of ours signed it', (_what, epoch) => {
    const lying = signHop(ring, post, { ...claims, epoch: epoch as never });
    expect(verifyHop(() => ring, post, [lying], receiver)).toEqual({
      mark: 'valid',
      claims: { ...claims, epoch: undefined },
    });
  });

  test('never throws at an epoch or a deadline that a region of ours signed', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.base64String(), fc.json({ maxDepth: 2 }).map(inBase64url)),
        fc.double(),
        (packed, deadlineMs) => {
          const signed = signHop(ring, post, { ...claims, deadlineMs }, () => packed.replaceAll('.', ''));
          const verdict = verifyHop(() => ring, post, [signed], receiver);
          if (verdict.mark !== 'valid') return;
          expect(verdict.claims.epoch).toBeUndefined();
          expect(verdict.claims.deadlineMs).toBeLessThanOrEqual(86_400_000);
        },
      ),
    );
  });

  test('never throws at what it is given', () => {
    const hostile = fc.oneof(
      // The characters of a field; `unit: 'binary'` takes fast-check seconds to prepare.
      fc.string({ unit: fc.nat(0xff).map((code) => String.fromCharCode(code)) }),
      fc.array(fc.constantFrom('v1', '', '.', 'eu-west-1', '-', 'e30', '__proto__')).map((parts) => parts.join('.')),
      fc.constant(`v1.${'a'.repeat(10_000)}`),
    );
    fc.assert(fc.property(hostile, (value) => verifyHop(() => ring, post, [value], receiver).mark === 'invalid'));
  });
});

describe('createEpochPacker()', () => {
  test('packs an epoch once, however often the topology makes the object anew, and another epoch anew', () => {
    const pack = createEpochPacker();
    const packing = vi.spyOn(JSON, 'stringify');
    const first = pack({ ...EPOCH });
    expect(pack({ ...EPOCH })).toBe(first);
    expect(packing).toHaveBeenCalledTimes(1);
    // Restarted: the same name, and another running server.
    expect(pack({ ...EPOCH, server: 'restarted-server' })).not.toBe(first);
    expect(pack({ ...EPOCH, owner: 'another' })).not.toBe(first);
    expect(pack(undefined)).toBe('-');
    expect(pack({ ...EPOCH })).toBe(first);
    packing.mockRestore();
  });
});
