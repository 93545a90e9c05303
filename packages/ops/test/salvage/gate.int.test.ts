import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastRun } from '../failover/child.ts';
import { startHookServer } from '../failover/hook-server.ts';
import { createSetup, type Setup } from '../failover/lab-setup.ts';
import { summaryOf } from '../status/commands.ts';
import { MAKE_TAIL_SLOT } from '../tail-slot.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup({ wal_level: 'logical' });
  const us = setup.lab.region('us');
  await us.query(`CREATE TABLE t (x int PRIMARY KEY); ALTER ROLE ops REPLICATION; GRANT pg_read_all_data TO ops;
    INSERT INTO t VALUES (0)`);
  await us.query(MAKE_TAIL_SLOT);
  await us.query('INSERT INTO t VALUES (1)');
  await setup.lab.caughtUp();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

describe('a rebuild after a failover', () => {
  it('waits until the lost writes are listed, with the rights of an operator', async () => {
    const us = setup.lab.region('us');
    await using hooks = await startHookServer(() => 200);
    await setup.configure({ failover: { hooks: { rebuild: [{ webhook: hooks.url }] } } });
    await us.partition();
    await us.query('INSERT INTO t VALUES (2)');
    await us.query('DELETE FROM t WHERE x = 0');
    await us.kill();
    const options = ['--from', 'us', '--to', 'eu', '--accept-loss', 'unknown', '--stable', '1s', '--rebuild'];
    // Until the standbys have noticed that their primary is gone.
    await expect.poll(async () => (await setup.ops('failover', 'plan', ...options)).exit, { timeout: 60_000 }).toBe(0);
    const ran = await setup.ops('failover', 'run', ...options, '--execute');
    expect(ran.exit, ran.stdout).toBe(5);
    const ids = ({ records }: typeof ran) => records.flatMap((one) => (one.type === 'finding' ? [one.id] : []));
    expect(ids(ran)).toEqual(['rebuild-before-salvage', 'fence-not-proved']);
    expect(summaryOf(ran)).toMatch(
      /^salvage: the lost writes are not listed yet\. List them: regionkit salvage --run /,
    );
    // It would be refused: a promotion cannot be taken back.
    expect(summaryOf(ran)).not.toContain('failover abort');
    expect(hooks.events).toEqual([]);
    // The region is still away, and that was said: it is not said again.
    const waiting = await setup.ops('failover', 'resume', '--execute');
    expect(waiting.exit, waiting.stdout).toBe(5);
    expect(ids(waiting)).toEqual(['rebuild-before-salvage']);
    expect(waiting.stdout).toMatch(/was done before: us\/0 cannot be reached/);

    // The other standby follows the new primary: an old one from which a standby streams may be the current one.
    await setup.lab.region('eu').promote();
    await us.heal();
    await us.returnAsIs();
    const run = await lastRun(setup);
    const file = join('runs', `${run?.id}.ndjson`);
    // Neither the list of another server nor that of another cluster may allow the rebuild.
    const other = await setup.ops('salvage', '--run', file, '--old', 'ap', '--out', 'other');
    expect(other.exit).toBe(2);
    expect(other.stderr).toContain('--old must be a server of us');
    const foreign = join('runs', '20200101-000000-0000.ndjson');
    const lines = run?.lines.map((line) =>
      line.step === 'plan' ? { ...line, evidence: { ...line.evidence, system: '1' } } : line,
    );
    await writeFile(join(setup.directory, foreign), `${lines?.map((line) => JSON.stringify(line)).join('\n')}\n`);
    const elsewhere = await setup.ops('salvage', '--run', foreign, '--out', 'other');
    expect(elsewhere.exit).toBe(4);
    expect(summaryOf(elsewhere)).toContain('of another database cluster');
    const salvaged = await setup.ops('salvage', '--run', file, '--out', 'lost');
    expect(salvaged.exit, salvaged.stdout + salvaged.stderr).toBe(10);
    expect(await readdir(join(setup.directory, 'lost'))).toContain('review.sql');
    expect((await lastRun(setup))?.lines.at(-1)).toMatchObject({
      step: 'salvaged',
      state: 'done',
      evidence: { directory: join(setup.directory, 'lost') },
    });

    const resumed = await setup.ops('failover', 'resume', '--execute');
    expect(resumed.exit, resumed.stdout).toBe(0);
    expect(ids(resumed)).toEqual([]);
    const fenced = (await lastRun(setup))?.lines.findLast(({ step, state }) => step === 'fence' && state === 'done');
    expect(fenced?.evidence).toMatchObject({ reached: true });
    expect(hooks.events.map(({ event }) => event)).toEqual(['rebuild']);
  });
});
