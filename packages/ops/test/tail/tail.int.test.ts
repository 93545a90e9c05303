import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createTailKeeper } from '@regionkit/db-router/tail';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createSetup, type Name, type Setup } from '../salvage/lab-setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup();
  await setup.lab.primary.query('CREATE TABLE t (k int PRIMARY KEY, v text)');
  await setup.lab.caughtUp();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

async function eventually(ask: () => unknown): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const functions = async (): Promise<number> =>
  (
    await setup.lab.primary.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace WHERE s.nspname = 'regionkit'`,
    )
  )[0]?.n ?? 0;

describe('regionkit tail', () => {
  it('prints SQL that psql can read, and changes nothing without --execute', async () => {
    const { exit, records } = await setup.ops('tail', 'install', '--role', 'app');
    expect(exit).toBe(0);
    const lines = records.flatMap((record) => (record.type === 'sql' ? [record.text] : []));
    expect(lines.join('\n')).toContain('SECURITY DEFINER');
    expect(records.at(-1)).toMatchObject({ type: 'result', summary: expect.stringMatching(/^-- /) });
    expect(await functions()).toBe(0);
  });

  it('needs the role, and one of its verbs', async () => {
    expect((await setup.ops('tail', 'install')).exit).toBe(2);
    expect((await setup.ops('tail')).exit).toBe(2);
  });

  it('says that nothing is installed', async () => {
    const { exit, records } = await setup.ops('tail', 'status');
    expect(exit).toBe(1);
    expect(JSON.stringify(records)).toContain('functions of a keeper are missing');
  });

  it('installs what a keeper needs, so that salvage finds the tail of a dead primary by itself', async () => {
    const { lab } = setup;
    const installed = await setup.ops('tail', 'install', '--role', 'app', '--execute');
    expect(installed.exit, installed.stdout).toBe(0);
    expect(await functions()).toBeGreaterThan(0);
    await lab.caughtUp();
    const regions = defineRegions<Name, string>({
      self: 'us',
      all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
    });
    const router = createRegionRouter<Name>({
      regions,
      pools: { us: lab.region('us').pool({ max: 3 }), eu: lab.region('eu').pool({ from: 'us', max: 3 }) },
      writes: 'remote-pool',
      token: { secret: 'a secret of the tests, long enough to be one' },
      probe: { intervalMs: 1_000, alertIntervalMs: 50, timeoutMs: 1_000 },
    });
    onTestFinished(() => router.close());
    const keeper = createTailKeeper(router, { standbys: { 'us/0': 'us', 'eu/0': 'eu' }, intervalMs: 100 });
    onTestFinished(() => keeper.close());
    await eventually(() => keeper.status().state === 'keeping');
    expect((await setup.ops('tail', 'status')).exit).toBe(0);

    await lab.primary.query("INSERT INTO t VALUES (1, 'kept')");
    await lab.caughtUp();
    await setup.fork(() =>
      lab
        .region('us')
        .query("INSERT INTO t VALUES (2, 'lost')")
        .then(() => {}),
    );
    const recorded = 'SELECT FROM regionkit.tail WHERE recorded_at IS NOT NULL';
    await eventually(async () => (await lab.region('eu').query(recorded)).length > 0);
    const { ran, summary, lines } = await setup.salvage();
    expect(ran.exit, ran.stdout).toBe(10);
    expect(summary.completeness).toMatchObject({ isComplete: true });
    const changes = lines.filter(({ type }) => type === 'change');
    expect(changes).toMatchObject([{ class: 'missing', after: { k: '2', v: 'lost' } }]);
  });

  it('refuses to drop a slot while the old primary takes writes too', async () => {
    const { exit, records } = await setup.ops('tail', 'drop', '--execute');
    expect(exit).toBe(4);
    expect(records.at(-1)).toMatchObject({ summary: expect.stringContaining('take writes') });
    expect(await setup.lab.region('us').query('SELECT FROM pg_replication_slots')).toHaveLength(1);
  });
});
