import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createTailKeeper, type TailKeeper, tailSql } from '@regionkit/db-router/tail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../src/salvage/servers/session.ts';
import { readAncestors } from '../../src/salvage/servers/timeline-history.ts';
import { lastRun } from '../failover/child.ts';
import { createSetup, type Name, type Setup } from '../failover/lab-setup.ts';
import type { Ran } from '../run.ts';

let setup: Setup;
const closes: (() => Promise<void>)[] = [];
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** A process of the app in a region, with a keeper. */
function keep(self: Name): TailKeeper {
  const { lab } = setup;
  const names = ['us', 'eu', 'ap'] as const;
  const all = Object.fromEntries(names.map((name) => [name, { origin: `https://${name}.example.com` }]));
  const pools = Object.fromEntries(
    names.map((name) => [name, lab.region(name).pool({ max: 3, ...(name !== self && { from: self }) })]),
  );
  const router = createRegionRouter<Name>({
    regions: defineRegions<Name, string>({ self, all: all as never }),
    pools: pools as never,
    writes: 'remote-pool',
    token: { secret: 'a secret of the tests, long enough to be one' },
    probe: { intervalMs: 1_000, alertIntervalMs: 50, timeoutMs: 1_000 },
    logger: quiet,
  });
  const standbys = Object.fromEntries(names.map((name) => [`${name}/0`, name]));
  const keeper = createTailKeeper(router, { standbys, intervalMs: 100, logger: quiet });
  closes.push(
    () => keeper.close(),
    () => router.close(),
  );
  return keeper;
}

async function eventually(ask: () => unknown): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const salvage = (out: string, ...args: string[]): Promise<Ran> =>
  setup.ops('salvage', '--old', 'us', '--new', 'eu', '--out', out, ...args);

beforeAll(async () => {
  setup = await createSetup({ wal_level: 'logical' });
  const { lab } = setup;
  const us = lab.region('us');
  await us.query('CREATE TABLE t (x int PRIMARY KEY); ALTER ROLE ops REPLICATION; GRANT pg_read_all_data TO ops');
  await us.query(tailSql({ role: 'app' }));
  await lab.caughtUp();
  // Both processes know the primary before it dies: one that starts later asks for a majority first.
  const keepers = [keep('us'), keep('eu')];
  await eventually(() => keepers.every((keeper) => keeper.status().state === 'keeping'));
  await us.query('INSERT INTO t VALUES (1)');
  await lab.caughtUp();
  await us.partition();
  await us.query('INSERT INTO t VALUES (2)');
  await us.query('INSERT INTO t VALUES (3)');
  await us.kill();
});
afterAll(async () => {
  for (const close of closes) await close();
  await setup?.[Symbol.asyncDispose]();
});

describe('salvage after a failover by command', () => {
  it('knows the fork and the first transaction from the table of the tail keeper, without the history and the run file', async () => {
    const { lab } = setup;
    const options = ['--from', 'us', '--to', 'eu', '--accept-loss', 'unknown', '--stable', '1s'];
    await eventually(async () => (await setup.ops('failover', 'plan', ...options)).exit === 0);
    const ran = await setup.ops('failover', 'run', ...options, '--execute');
    expect(ran.exit, ran.stdout).toBe(0);
    const run = (await lastRun(setup))?.lines.find(({ step, state }) => step === 'fork' && state === 'done');
    const rows = () =>
      lab
        .region('eu')
        .query(
          'SELECT timeline, fork::text, first_xid::text AS xid FROM regionkit.tail WHERE timeline = 2 AND recorded_at IS NOT NULL',
        );
    await eventually(async () => (await rows()).length === 1);
    const [row] = await rows();
    expect(row).toMatchObject({ timeline: 2, fork: run?.evidence['fork'] });

    await lab.region('eu').promote();
    await lab.region('us').heal();
    await lab.region('us').returnAsIs();
    const salvaged = await salvage('lost');
    expect(salvaged.exit, salvaged.stdout + salvaged.stderr).toBe(10);
    const summary = JSON.parse(await readFile(join(setup.directory, 'lost', 'summary.json'), 'utf8'));
    expect(summary).toMatchObject({ fork: row?.fork, method: 'slot', lost: { transactions: 2, changes: 2 } });
    expect(BigInt(summary.firstXid.high)).toBeLessThanOrEqual(BigInt(row?.xid));
  });

  it.each([
    ['the run file', async () => ['--run', join('runs', `${(await lastRun(setup))?.id}.ndjson`)]],
    [
      'the history of the server',
      async () => {
        await setup.lab
          .region('eu')
          .query('GRANT pg_read_server_files TO ops; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO ops');
        return [];
      },
    ],
  ])('refuses a row that does not agree with %s, and says so', async (_what, args) => {
    const eu = setup.lab.region('eu');
    await eu.query('UPDATE regionkit.tail SET fork = fork + 8 WHERE timeline = 2');
    const ran = await salvage('refused', ...(await args()));
    await eu.query('UPDATE regionkit.tail SET fork = fork - 8 WHERE timeline = 2');
    expect(ran.exit, ran.stdout).toBe(2);
    expect(ran.stdout + ran.stderr).toMatch(/the fork is not certain/);
    await expect(readFile(join(setup.directory, 'refused', 'summary.json'))).rejects.toThrow(/ENOENT/);
  });

  it('needs no number without a slot either, if the WAL before the fork can be read', async () => {
    const us = setup.lab.region('us');
    await us.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_type = 'logical'");
    const ran = await salvage('by-rows');
    expect(ran.exit, ran.stdout).toBe(3);
    const summary = JSON.parse(await readFile(join(setup.directory, 'by-rows', 'summary.json'), 'utf8'));
    expect(summary).toMatchObject({ method: 'rows', lost: { changes: 2, byClass: { missing: 2 } } });
  });

  it('finds the history of a timeline above 9: its name has capital letters', async () => {
    const us = setup.lab.region('us');
    const [row] = await us.query<{ at: string }>("SELECT current_setting('data_directory') AS at");
    await us.query(
      `COPY (SELECT 9, '0/3000148', 'no recovery target specified') TO '${row?.at}/pg_wal/0000000A.history'`,
    );
    const opened = await openSession({
      url: us.adminConnectionString,
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    if (!opened.ok) throw new Error(opened.why);
    await using session = opened.value;
    expect(await readAncestors(session, { timeline: 10 })).toEqual([{ timeline: 9, leftAt: '0/3000148' }]);
  });
});
