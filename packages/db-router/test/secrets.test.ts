import { defineRegions, fakeView, live } from '@regionkit/core';
import type { Secrets } from '@regionkit/core/kit';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createWriteGate, type WriteGateOptions } from '../src/http/index.ts';
import { createRegionRouter } from '../src/index.ts';

const ALL = { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } };
const [OLD, NEW] = ['an old secret of thirty-two bytes', 'a new secret of thirty-two bytes!'];

/** What a region's router and gate tell of their secrets. */
function region(self: 'us' | 'eu', token: Secrets, forward: WriteGateOptions['forward']) {
  const regions = defineRegions({ self, all: ALL });
  const router = createRegionRouter({
    regions,
    pools: { [self]: new pg.Pool() },
    writes: 'forward',
    token: { secret: token },
    view: fakeView(regions),
  });
  const bare = router.secrets('eu');
  createWriteGate({ router, ...(forward && { forward }), token: { cookie: { domain: 'example.com' } } });
  return { router, bare, close: () => router.close({ pools: true }) };
}

test('a router tells its secrets apart, and those of its gate, the same in every region', async () => {
  const secret = live<Secrets>(OLD);
  const us = region('us', OLD, { secret });
  const eu = region('eu', [NEW, OLD], { secret: NEW });
  expect(Object.keys(us.bare)).toEqual(['token']);
  const { token, forward } = us.router.secrets('eu');
  expect(eu.router.secrets('us')['token']).toEqual([expect.any(String), ...(token ?? [])]);
  expect(forward).not.toEqual(token);
  expect(forward).not.toEqual(eu.router.secrets('us')['forward']);
  secret.set(NEW);
  expect(us.router.secrets('eu')['forward']).toEqual(eu.router.secrets('us')['forward']);
  expect(JSON.stringify(us.router.secrets('eu'))).not.toMatch(/secret/);
  await Promise.all([us.close(), eu.close()]);
});

test('a router of another environment with the same secret has another fingerprint: health warns of it', async () => {
  const fingerprintOf = async (environment?: string): Promise<unknown> => {
    const router = createRegionRouter({
      regions: defineRegions({ self: 'us', all: ALL }),
      pools: { us: new pg.Pool(), eu: new pg.Pool() },
      token: { secret: OLD, ...(environment !== undefined && { environment }) },
    });
    await router.close({ pools: true });
    return router.secrets('eu')['token'];
  };
  const [production, again, staging, none] = await Promise.all(
    ['production', 'production', 'staging', undefined].map(fingerprintOf),
  );
  expect(production).toEqual(again);
  expect(production).not.toEqual(staging);
  expect(production).not.toEqual(none);
});
