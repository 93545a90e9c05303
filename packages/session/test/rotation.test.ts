import { live } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createSessionIssuer,
  generateSigningKeys,
  type KeySource,
  type SessionVerifier,
  type SigningKeySource,
  type SigningKeys,
} from '../src/index.ts';
import { AUDIENCE, ISSUER, NOW_MS, verifier } from './support.ts';

let first: SigningKeys;
let second: SigningKeys;
beforeAll(async () => {
  first = await generateSigningKeys({ algorithm: 'ES256' });
  second = await generateSigningKeys({ algorithm: 'ES256' });
});

/** Three regions that hear of their configuration at different times, and one issuer, on one clock. */
function world() {
  const clock = fakeClock({ wallMs: NOW_MS });
  const signing = live<SigningKeySource>(first.privateJwk as SigningKeySource);
  const issuer = createSessionIssuer({ key: signing, issuer: ISSUER, audience: AUDIENCE, lifetimeMs: 600_000, clock });
  const configs = ['us', 'eu', 'ap'].map(() => live<KeySource>(first.jwks));
  const regions = configs.map((keys) => verifier({ keys, algorithms: ['ES256'], clock }));
  const alive: { token: string; expiresMs: number }[] = [];
  let refusals = 0;
  return {
    clock,
    signing,
    configs,
    regions,
    refusals: () => refusals,
    /** A minute of life: somebody signs in, and everybody who is signed in visits every region. */
    minute: async () => {
      alive.push({ token: await issuer.issue({ sub: 'alice' }), expiresMs: clock.wallMs() + 600_000 });
      for (const { token, expiresMs } of alive) {
        if (expiresMs <= clock.wallMs()) continue;
        for (const region of regions) {
          await region.verify(token).catch(() => {
            refusals += 1;
          });
        }
      }
      await clock.advance(60_000);
    },
  };
}

const usageOf = (region: SessionVerifier<never>, kid: string) => region.stats().keys.find((key) => key.kid === kid);

describe('a rotation by the runbook', () => {
  it('refuses not one valid session, and says when the old key can go', async () => {
    const both = { keys: [...first.jwks.keys, ...second.jwks.keys] };
    const { clock, signing, configs, regions, refusals, minute } = world();
    await minute();

    // 1. Publish: the regions learn of the new key at different times.
    for (const config of configs) {
      config.set(both);
      await minute();
    }
    // 2. Every region has seen it: sign with it.
    expect(regions.every((region) => usageOf(region, second.kid) !== undefined)).toBe(true);
    signing.set(second.privateJwk as SigningKeySource);
    // 3. Wait until the last session of the old key has ended: stats() tells.
    const lastOfOld = (): number =>
      Math.max(...regions.map((region) => usageOf(region, first.kid)?.latestExpiryMs ?? 0));
    let waited = 0;
    while (lastOfOld() > clock.wallMs() - 5_000) {
      await minute();
      waited += 1;
    }
    expect(waited).toBeGreaterThan(5);
    const quiet = regions.map((region) => usageOf(region, first.kid)?.lastSeenAtMs);
    await minute();
    expect(regions.map((region) => usageOf(region, first.kid)?.lastSeenAtMs)).toEqual(quiet);
    // 4. Retire it, again at different times.
    for (const config of configs) {
      config.set(second.jwks);
      await minute();
    }
    for (let i = 0; i < 12; i += 1) await minute();
    expect(refusals()).toBe(0);
    for (const region of regions) expect(region.stats().keys.map(({ kid }) => kid)).toEqual([second.kid]);
  });

  it('accepts not one token of a removed key, from the instant each region hears of it', async () => {
    const { configs, regions, clock } = world();
    const issuer = createSessionIssuer({
      key: first.privateJwk as SigningKeySource,
      issuer: ISSUER,
      audience: AUDIENCE,
      clock,
    });
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => issuer.issue({ sub: `user-${i}` })));
    const accepted = async (region: SessionVerifier<never>): Promise<number> => {
      const outcomes = await Promise.allSettled(tokens.map((token) => region.verify(token)));
      return outcomes.filter(({ status }) => status === 'fulfilled').length;
    };
    for (const region of regions) expect(await accepted(region)).toBe(20);
    for (const [at, config] of configs.entries()) {
      config.set(second.jwks);
      for (const [other, region] of regions.entries()) expect(await accepted(region)).toBe(other <= at ? 0 : 20);
    }
  });

  it('that signs before it publishes is noticed: an unknown key, and newer keys are asked for', async () => {
    const { signing, configs, regions, minute, refusals } = world();
    await minute();
    signing.set(second.privateJwk as SigningKeySource);
    await minute();
    expect(refusals()).toBe(3);
    for (const config of configs) config.set({ keys: [...first.jwks.keys, ...second.jwks.keys] });
    await minute();
    expect(refusals()).toBe(3);
    expect(regions).toHaveLength(3);
  });
});
