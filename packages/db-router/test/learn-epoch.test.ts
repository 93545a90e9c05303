import { defineRegions } from '@regionkit/core';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createRegionRouter } from '../src/index.ts';

const EPOCH = { system: '7301', timeline: 3, owner: 'eu/0' };

test('a router learns no epoch that its documents could not carry', () => {
  const regions = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });
  const router = createRegionRouter({ regions, pools: { us: new pg.Pool() } });
  onTestFinished(() => router.close({ pools: true }));
  for (const part of [{ timeline: 5e9 }, { timeline: 3.5 }, { timeline: 0 }, { owner: 5 }, { owner: 'c/é x' }]) {
    router.gate.learnEpoch({ ...EPOCH, ...part } as never, 'hop');
    expect(router.gate.highest()).toBeUndefined();
  }
  router.gate.learnEpoch(EPOCH, 'hop');
  expect(router.gate.highest()).toEqual(EPOCH);
});

test('a router learns that the server of the highest epoch was restarted, so that another name of it is no twin', () => {
  const regions = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });
  const router = createRegionRouter({ regions, pools: { us: new pg.Pool() } });
  onTestFinished(() => router.close({ pools: true }));
  const told: unknown[] = [];
  router.on('twin-primaries', (twin) => told.push(twin));
  router.gate.learnEpoch({ ...EPOCH, server: 'server-before-01' }, 'hop');
  router.gate.learnEpoch({ ...EPOCH, server: 'server-again-001' }, 'hop');
  router.gate.learnEpoch({ ...EPOCH, owner: 'eu/1', server: 'server-again-001' }, 'hop');
  expect(told).toEqual([]);
  expect(router.gate.highest()).toEqual({ ...EPOCH, server: 'server-again-001' });
  router.gate.learnEpoch({ ...EPOCH, owner: 'eu/1', server: 'server-other-001' }, 'hop');
  expect(told).toEqual([]);
  router.gate.learnEpoch({ ...EPOCH, owner: 'eu/2', server: 'server-third-001' }, 'hop');
  expect(told).toHaveLength(1);
});
