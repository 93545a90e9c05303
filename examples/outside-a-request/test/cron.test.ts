import { newDb } from 'pg-mem';
import { defineRegions } from 'regionkit/core';
import { createRegionRouter } from 'regionkit/db-router';
import { createMemoryRegions } from 'regionkit/db-router/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { oncePerSlot } from '../src/cron.ts';

// A unit test as an app writes it: its own SQL over two regions in memory, in milliseconds.
test('a slot that the old primary has done is not done again by the new one', async () => {
  const memory = createMemoryRegions({ db: newDb(), regions: ['us-east-1', 'eu-west-1'] });
  const routerIn = (self: 'us-east-1' | 'eu-west-1') => {
    const regions = defineRegions({
      self,
      all: {
        'us-east-1': { origin: 'https://app-us-east-1.example.com' },
        'eu-west-1': { origin: 'https://app-eu-west-1.example.com' },
      },
    });
    const router = createRegionRouter({ regions, pools: memory.pools, coldStart: 'trust', writes: 'remote-pool' });
    onTestFinished(() => router.close());
    return router;
  };
  const [us, eu] = [routerIn('us-east-1'), routerIn('eu-west-1')];
  await us.write('create table cron_runs (name text, slot timestamptz, primary key (name, slot))');
  await us.write('create table notes (text text)');

  const slot = new Date('2026-11-30T14:00:00Z');
  const work = vi.fn(async () => {});
  expect(await oncePerSlot(us, 'report', slot, work)).toBe(true);
  expect(await oncePerSlot(eu, 'report', slot, work)).toBe(false); // not the region of the primary

  memory.region('us-east-1').kill();
  memory.region('eu-west-1').promote();
  await vi.waitUntil(() => eu.topology().primary?.region === 'eu-west-1', 20_000);
  expect(await oncePerSlot(eu, 'report', slot, work)).toBe(false); // its row was replicated
  expect(await oncePerSlot(eu, 'report', new Date('2026-11-30T15:00:00Z'), work)).toBe(true);
  expect(work).toHaveBeenCalledTimes(2);
});
