import { defineRegions } from '@regionkit/core';
import { createKeyring } from '@regionkit/core/kit';
import { createRegionRouter } from '@regionkit/db-router';
import { createLab } from '@regionkit/lab';
import pg from 'pg';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { secret } from '../src/aws/index.ts';
import { loadConfig, rotatingClient } from '../src/index.ts';
import { fakeAws } from '../src/testing/index.ts';
import { clientsOf, EU, US } from './aws/aws-support.ts';

const refresh = { timeoutMs: 20_000, minForcedMs: 1 };

test('a new password renews the connections of a router as they become idle, and fails no statement', async () => {
  await using lab = await createLab({ regions: [US], monitor: true });
  await using aws = await fakeAws({ regions: [US] });
  const admin = (sql: string) => lab.region(US).query(sql);
  await admin("CREATE ROLE svc LOGIN PASSWORD 'first' IN ROLE pg_monitor");
  const db = aws.secret('db', { value: { username: 'svc', password: 'first' } });
  const clients = clientsOf(aws);
  const Db = z.object({ username: z.string(), password: z.string() });
  await using config = await loadConfig({
    refresh,
    sources: { db: secret('db', { schema: Db, regions: [US], clients }) },
  });
  const pool = new pg.Pool({
    host: '127.0.0.1',
    port: lab.region(US).port,
    database: 'app',
    max: 3,
    Client: rotatingClient(pg.Client, config.ref('db')),
  });
  const regions = defineRegions({ self: US, all: { [US]: { origin: 'https://us.example.com' } } });
  const router = createRegionRouter({ regions, pools: { [US]: pool }, coldStart: 'trust' });
  config.subscribe(({ key }) => {
    if (key === 'db') router.recycle();
  });
  const pids = async (): Promise<Set<unknown>> => {
    const all = await Promise.all([1, 2, 3].map(() => router.write('SELECT pg_backend_pid() AS pid, pg_sleep(0.05)')));
    return new Set(all.map(({ rows }) => rows[0]?.['pid']));
  };
  const before = await pids();
  const busy = router.write('SELECT pg_sleep(0.3)');
  await db.rotate(
    { username: 'svc', password: 'second' },
    { setSecret: async () => void (await admin("ALTER ROLE svc PASSWORD 'second'")) },
  );
  expect(await config.refresh('db')).toBe('changed');
  expect((await busy).rowCount).toBe(1);
  const after = await pids();
  expect([...after].filter((pid) => before.has(pid))).toEqual([]);
  await router.close({ pools: true });
  clients.close();
});

test('a new secret of tokens overlaps with the old one, while regions hear of it one after the other', async () => {
  await using aws = await fakeAws({ regions: [US, EU] });
  const [old, next] = ['an old secret of thirty-two bytes!', 'the next secret of thirty-two bytes'];
  const stored = aws.secret('tokens', { value: JSON.stringify([old]) });
  const clients = clientsOf(aws);
  const start = async (region: string) => {
    const schema = z.array(z.string());
    const config = await loadConfig({
      refresh,
      sources: { tokens: secret('tokens', { schema, regions: [region], clients }) },
    });
    const keyring = createKeyring({ option: 'secret', purpose: 'test', secrets: config.ref('tokens') });
    return { config, keyring, hear: () => config.refresh('tokens') };
  };
  const us = await start(US);
  const eu = await start(EU);
  const agree = (): boolean[] =>
    [us, eu].flatMap((from) => [us, eu].map((to) => to.keyring.verify('data', from.keyring.sign('data'))));
  const early = us.keyring.sign('data');
  // Known everywhere before it signs, signing everywhere before the old one goes.
  for (const secrets of [[old, next], [next, old], [next]]) {
    stored.put(JSON.stringify(secrets));
    for (const region of [us, eu]) {
      expect(await region.hear()).toBe('changed');
      expect(agree()).toEqual([true, true, true, true]);
    }
  }
  expect(eu.keyring.verify('data', early)).toBe(false);
  await Promise.all([us.config.close(), eu.config.close()]);
  clients.close();
});
