import { setTimeout as wait } from 'node:timers/promises';
import { defineRegions, fakeView } from '@regionkit/core';
import { type Clock, systemClock } from '@regionkit/core/kit';
import { newDb } from 'pg-mem';
import { afterEach, describe, expect, it } from 'vitest';
import { createRegionRouter } from '../../src/index.ts';
import { createMemoryRegions } from '../../src/testing/index.ts';

type Name = 'us' | 'eu';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A process in us with pools to both regions. us is the primary. */
async function start() {
  const regions = defineRegions<Name, string>({
    self: 'us',
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  });
  const db = newDb();
  const memory = createMemoryRegions({ db, regions: ['us', 'eu'] });
  db.public.none('CREATE TABLE note (text text)');
  const view = fakeView(regions);
  let sleptMs = 0;
  const clock: Clock = { ...systemClock, wallMs: () => Date.now() + sleptMs };
  const router = createRegionRouter<Name>({
    regions,
    pools: memory.pools,
    view,
    writes: 'forward',
    token: { secret: 'a secret of the tests, long enough to be one' },
    coldStart: 'trust',
    // Longer than any test: no answer comes of waiting alone.
    probe: { intervalMs: 1_000, alertIntervalMs: 20, timeoutMs: 60_000 },
    hold: { timeoutMs: 60_000 },
    clock,
  });
  closing.push(async () => {
    await router.close();
    await memory.close();
  });
  await router.ready();
  await router.write("INSERT INTO note VALUES ('before')");
  const asks = (state: object = {}): void => {
    const askedAtMs = clock.now();
    view.set('eu', { asked: true, askedAtMs, identified: true, observedAtMs: askedAtMs, measured: true, ...state });
  };
  const sleep = (): void => {
    sleptMs += 10_000;
  };
  const texts = async () => (await memory.pools.us.query<{ text: string }>('SELECT text FROM note')).rows;
  return { memory, router, asks, sleep, texts };
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await wait(10);
};

describe('after a thaw', () => {
  it('a region whose servers do not answer here is asked, as one without a pool: it may have been promoted', async () => {
    const { memory, router, asks, sleep, texts } = await start();
    asks();
    // The path to its database is broken, and that to its app is not.
    memory.region('eu').kill();
    await until(() => router.topology().nodes.some(({ region, code }) => region === 'eu' && code !== undefined));
    const { highest } = router.topology();
    if (highest === undefined) throw new Error('us is the primary');
    sleep();
    const written = router.write("INSERT INTO note VALUES ('after')").then(
      () => 'written',
      (error: { code: string }) => error.code,
    );
    // Its own server has answered again, and that of eu has failed again.
    await until(() => router.topology().local.measured === true);
    expect(router.explain('write')).toMatchObject({ action: 'hold', reason: 'stale-view' });
    const epoch = { ...highest, timeline: highest.timeline + 1, owner: 'eu/0', server: 'another' };
    asks({ primary: { epoch, position: 100_000_000n }, highest: epoch, measuredEpoch: epoch });
    expect(await written).toBe('ERR_NOT_PRIMARY_REGION');
    expect(await texts()).toEqual([{ text: 'before' }]);
  });

  it('a region whose servers all answer here need not be asked', async () => {
    const { router, asks, sleep, texts } = await start();
    asks();
    sleep();
    await router.write("INSERT INTO note VALUES ('after')");
    expect(await texts()).toEqual([{ text: 'before' }, { text: 'after' }]);
  });
});
