import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createTailKeeper } from '@regionkit/db-router/tail';
import { createLab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Operations } from '../../src/config/check-config.ts';
import { askState } from '../../src/failover/survey/ask-state.ts';
import { run } from '../run.ts';
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
    expect(installed.records.at(-1)).toMatchObject({ summary: 'install: done on us/0.' });
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
    // What a failover knows of the slot: from the primary, and without it from a standby.
    const [{ name }] = await lab.primary.query(
      'SELECT slot_name AS name FROM pg_replication_slots WHERE plugin IS NOT NULL',
    );
    const config = { failover: { appRoles: [] }, regions: [] } as unknown as Operations;
    for (const region of lab.regions) {
      const node = { id: region.name, region: region.name, url: region.adminConnectionString, rds: undefined };
      const state = await askState(config, node, AbortSignal.timeout(30_000));
      expect(state).toMatchObject({ ok: true, value: { tails: [{ name, database: 'app', plugin: 'test_decoding' }] } });
    }

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

  // The roles have the names and memberships that Amazon RDS documents. It was never run there.
  it('installs by a role of RDS, which has no REPLICATION of its own, and says what wal_level it needs', async () => {
    await using lab = await createLab({ regions: ['us'] });
    const directory = await mkdtemp(join(tmpdir(), 'regionkit-tail-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const url = new URL(lab.primary.adminConnectionString);
    url.username = 'master';
    url.password = 'master';
    await lab.primary.query(`CREATE ROLE master LOGIN PASSWORD 'master'; CREATE ROLE rds_superuser; CREATE ROLE rds_replication;
      GRANT CREATE ON DATABASE "${url.pathname.slice(1)}" TO master; GRANT pg_monitor TO master`);
    const regions = { us: { databases: [url.href] } };
    await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify({ regions }));
    const install = (...args: string[]) => run(['tail', 'install', '--role', 'app', '--json', ...args], { directory });
    expect((await install()).stdout).toContain('rds.logical_replication = 1');

    const refused = await install('--execute');
    expect(refused.exit, refused.stdout).toBe(1);
    expect(refused.records.at(-1)).toMatchObject({ summary: expect.stringContaining('Amazon RDS: rds_replication') });
    expect(refused.records.at(-1)).toMatchObject({ summary: expect.stringContaining('WITH GRANT OPTION') });
    await lab.primary.query('GRANT rds_replication TO rds_superuser; GRANT rds_superuser TO master');
    const done = await install('--execute');
    expect(done.exit, done.stdout).toBe(0);
    expect(done.records.at(-1)).toMatchObject({ summary: expect.stringContaining('set wal_level = logical') });
  });

  it('refuses to drop a slot while the old primary takes writes too', async () => {
    const { exit, records } = await setup.ops('tail', 'drop', '--execute');
    expect(exit).toBe(4);
    expect(records.at(-1)).toMatchObject({ summary: expect.stringContaining('take writes') });
    expect(await setup.lab.region('us').query('SELECT FROM pg_replication_slots')).toHaveLength(1);
  });
});
