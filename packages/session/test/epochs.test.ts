import { randomUUID } from 'node:crypto';
import { fakeClock } from '@regionkit/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSessionIssuer, type RevocationEpochs, type SignOutScope, signOut } from '../src/index.ts';
import { AUDIENCE, ISSUER, NOW, NOW_MS, rsa, verifier } from './support.ts';

describe('signOut()', () => {
  it('adds an epoch and leaves the given ones as they are', () => {
    const epochs: RevocationEpochs = Object.freeze({ sub: Object.freeze({ bob: NOW - 10 }) });
    expect(signOut(epochs, { sub: 'alice' }, { nowMs: NOW_MS })).toEqual({ sub: { bob: NOW - 10, alice: NOW } });
    expect(signOut(epochs, { sid: 's1' }, { nowMs: NOW_MS })).toEqual({ sub: { bob: NOW - 10 }, sid: { s1: NOW } });
    expect(signOut(epochs, { kid: 'k' }, { nowMs: NOW_MS })).toEqual({ sub: { bob: NOW - 10 }, kid: { k: NOW } });
    expect(signOut(epochs, { all: true }, { nowMs: NOW_MS })).toEqual({ all: NOW, sub: { bob: NOW - 10 } });
  });

  it('by a slower clock revives nobody, whoever it signs out', () => {
    const scopes: readonly SignOutScope[] = [{ all: true }, { sub: 'alice' }, { sid: 's1' }, { kid: 'k' }];
    const epochs = scopes.reduce<RevocationEpochs>((all, scope) => signOut(all, scope, { nowMs: NOW_MS }), {});
    for (const scope of scopes) {
      expect(signOut(epochs, scope, { nowMs: NOW_MS - 60_000 })).toEqual(epochs);
      expect(signOut(epochs, scope, { nowMs: NOW_MS + 1_000 })).not.toEqual(epochs);
    }
  });

  it('makes no epoch earlier and drops none, in whatever order sign-outs of differing clocks come', () => {
    const name = fc.constantFrom('alice', 'bob', 'carol');
    const scope = fc.oneof(
      fc.constant({ all: true as const }),
      fc.record({ sub: name }),
      fc.record({ sid: name }),
      fc.record({ kid: name }),
    );
    const signOuts = fc.array(fc.tuple(scope, fc.integer({ min: NOW_MS - 1_000, max: NOW_MS + 1_000 })));
    const after = (all: readonly (readonly [SignOutScope, number])[]): RevocationEpochs =>
      all.reduce<RevocationEpochs>((epochs, [whose, nowMs]) => signOut(epochs, whose, { nowMs }), {});
    fc.assert(
      fc.property(signOuts, (all) => {
        // Of each scope the latest time counts.
        const expected: Record<string, unknown> = {};
        for (const [whose, nowMs] of all.toSorted(([, one], [, other]) => one - other)) {
          const [kind, of] = Object.entries(whose)[0] as [string, string | true];
          const epoch = nowMs / 1_000;
          expected[kind] = of === true ? epoch : { ...(expected[kind] as object), [of]: epoch };
        }
        expect(after(all)).toEqual(expected);
      }),
    );
  });

  it('checks its options', () => {
    expect(() => signOut({}, { sub: 'a' }, { nowMS: 1 } as never)).toThrow(/nowMS/);
    expect(() => signOut({}, { sub: 'a' }, { nowMs: Number.NaN })).toThrow(/nowMs/);
    expect(() => signOut({}, { sub: 'a' }, { forgetAfterMs: -1 })).toThrow(/forgetAfterMs/);
  });

  it('of 1,200 subjects named by UUID fits into a secret of AWS, as the README says', () => {
    const sub = Object.fromEntries(Array.from({ length: 1_200 }, () => [randomUUID(), NOW + 0.123]));
    expect(Buffer.byteLength(JSON.stringify({ sub }))).toBeLessThan(65_536);
    expect(Buffer.byteLength(JSON.stringify({ sub }))).toBeGreaterThan(0.95 * 65_536);
  });

  it('forgets epochs that can concern no session any more', () => {
    const epochs = { all: NOW - 100, sub: { old: NOW - 100, young: NOW - 10 }, sid: { old: NOW - 100 } };
    const next = signOut(epochs, { sub: 'alice' }, { nowMs: NOW_MS, forgetAfterMs: 60_000 });
    expect(next).toEqual({ sub: { young: NOW - 10, alice: NOW } });
  });

  it('of a name that config refuses throws, rather than hold up every sign-out after it', () => {
    for (const name of ['__proto__', 'toJSON']) {
      for (const kind of ['sub', 'sid', 'kid']) {
        expect(() => signOut({}, { [kind]: name } as SignOutScope)).toThrow(/__proto__ or toJSON/);
      }
    }
    const next = signOut({}, { sub: 'constructor' }, { nowMs: NOW_MS });
    expect(JSON.parse(JSON.stringify(next))).toEqual({ sub: { constructor: NOW } });
  });

  it('of nobody throws, rather than look like one that worked', () => {
    for (const scope of [{}, { sub: undefined }, { sub: '' }, { sid: 7 }, { user: 'alice' }, { all: false }, 'alice']) {
      expect(() => signOut({}, scope as never)).toThrow(/^signOut: scope/);
    }
  });

  it('takes the optional members of a schema', () => {
    const epochs: RevocationEpochs = { all: undefined, sub: undefined, sid: undefined, kid: undefined };
    expect(signOut(epochs, { sub: 'alice' }, { nowMs: NOW_MS })).toEqual({ sub: { alice: NOW } });
  });

  it('ends the session that was, and not the one that begins a millisecond later', async () => {
    const clock = fakeClock({ wallMs: NOW_MS });
    const issuer = createSessionIssuer({
      key: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      issuer: ISSUER,
      audience: AUDIENCE,
      clock,
    });
    const before = await issuer.issue({ sub: 'alice' });
    const other = await issuer.issue({ sub: 'bob' });
    const notBefore = signOut({}, { sub: 'alice' }, { nowMs: clock.wallMs() });
    clock.stepWall(1);
    const after = await issuer.issue({ sub: 'alice' });
    const sessions = verifier({ keys: issuer.publicJwk(), notBefore, clock });
    await expect(sessions.verify(before)).rejects.toMatchObject({ reason: 'revoked' });
    await expect(sessions.verify(other)).resolves.toBeDefined();
    await expect(sessions.verify(after)).resolves.toBeDefined();
  });
});
