import { defineRegions } from '@regionkit/core';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createRegionRouter } from '../src/index.ts';

const EPOCH = { system: '7301', timeline: 3, owner: 'eu/0' };

test('a router hears of no epoch that its documents could not carry', () => {
  const regions = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });
  const router = createRegionRouter({ regions, pools: { us: new pg.Pool() } });
  onTestFinished(() => router.close({ pools: true }));
  for (const part of [{ timeline: 5e9 }, { timeline: 3.5 }, { timeline: 0 }, { owner: 5 }, { owner: 'c/é x' }]) {
    router.hear({ ...EPOCH, ...part } as never, 'hop');
    expect(router.highest()).toBeUndefined();
  }
  router.hear(EPOCH, 'hop');
  expect(router.highest()).toEqual(EPOCH);
});
