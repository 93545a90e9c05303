import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { lockRuns } from '../../src/failover/run-file/lock.ts';
import { parseRun } from '../../src/failover/run-file/parse.ts';
import { lockServers } from '../../src/failover/server-lock.ts';
import type { Finding } from '../../src/records/record.ts';
import type { Ran } from '../run.ts';
import { createSetup, type Setup, writersOf } from './lab-setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const run = (...args: string[]): Promise<Ran> =>
  setup.ops('failover', 'run', '--from', 'us', '--stable', '1s', '--execute', ...args);

const ids = ({ records }: Ran): readonly string[] =>
  records.flatMap((record) => (record.type === 'finding' ? [(record as Finding).id] : []));

/** Refused means: exit code 4, the reasons, no run file, and nobody was promoted. */
async function expectRefused(ran: Ran, ...expected: string[]): Promise<void> {
  expect(ids(ran), ran.stdout + ran.stderr).toEqual(expected);
  expect(ran.exit).toBe(4);
  expect(ran.records.at(-1)).toMatchObject({ type: 'result', summary: expect.stringContaining('Nothing was changed') });
  expect((await writersOf(setup)).filter((name) => name !== 'us')).toEqual([]);
  const files = await readdir(join(setup.directory, 'runs')).catch(() => []);
  expect(files.filter((name) => name.endsWith('.ndjson'))).toEqual([]);
}

describe('regionkit failover, while the primary lives', () => {
  it('is refused: it answers, and both standbys stream from it', async () => {
    await expectRefused(await run('--accept-loss', 'unknown'), 'another-writer', 'still-streams', 'too-few-vantages');
  });

  it('is refused from a machine that alone cannot reach it', async () => {
    const unreachable = 'postgresql://ops:ops@127.0.0.1:1/app';
    const [, eu, ap] = setup.lab.regions;
    await setup.configure({
      regions: {
        us: { databases: [unreachable] },
        eu: { databases: [eu?.connectionString as string] },
        ap: { databases: [ap?.connectionString as string] },
      },
    });
    try {
      await expectRefused(await run('--accept-loss', 'unknown'), 'still-streams', 'too-few-vantages');
    } finally {
      await setup.configure();
    }
  });

  it('a switchover to a standby whose replay is paused is refused', async () => {
    await setup.lab.region('eu').pauseReplay();
    try {
      await expectRefused(await run('--to', 'eu', '--mode', 'switchover'), 'replay-paused');
    } finally {
      await setup.lab.region('eu').resumeReplay();
    }
  });

  it('a switchover under a manager is refused', async () => {
    const pool = setup.lab.region('eu').pool({ application_name: 'Patroni heartbeat', max: 1 });
    await pool.query('SELECT 1');
    try {
      await expectRefused(await run('--to', 'eu', '--mode', 'switchover'), 'managed');
    } finally {
      await pool.end();
    }
  });

  it('a switchover from a region without the primary is refused', async () => {
    const ran = await setup.ops('failover', 'run', '--from', 'eu', '--mode', 'switchover', '--execute');
    expect(ids(ran)).toEqual(['another-writer', 'no-primary']);
    expect(ran.exit).toBe(4);
  });
});

describe('regionkit failover, when the primary is gone', () => {
  beforeAll(() => setup.lab.region('us').kill());
  afterEach(() => setup.configure());

  it('is refused until the operator says what may be lost', async () => {
    await expectRefused(await run(), 'loss-not-accepted');
    await expectRefused(await run('--accept-loss', '1ms'), 'loss-not-accepted');
    await expectRefused(await run('--accept-loss', '1GB'), 'loss-not-accepted');
  });

  it('is planned with a plain word that nothing can fence the region', async () => {
    const planned = await setup.ops('failover', 'plan', '--from', 'us', '--accept-loss', 'unknown');
    expect(planned.exit, planned.stdout).toBe(0);
    expect(planned.records.filter((record) => record.type === 'finding')).toMatchObject([
      { id: 'cannot-fence', level: 'warning', where: 'us', evidence: expect.stringContaining('two primaries') },
    ]);
    expect(planned.records.at(-1)).toMatchObject({ summary: expect.stringContaining('Nothing can fence us now') });
  });

  it('is refused with two vantages', async () => {
    const { lab } = setup;
    await setup.configure({
      regions: {
        us: { databases: [lab.region('us').connectionString] },
        eu: { databases: [lab.region('eu').connectionString] },
      },
    });
    await expectRefused(await run('--accept-loss', 'unknown'), 'too-few-vantages');
  });

  it('is refused from a machine in the lost region, with one vantage outside', async () => {
    const { lab } = setup;
    await setup.configure({
      regions: {
        us: { databases: [lab.region('us').connectionString, lab.region('ap').connectionString] },
        eu: { databases: [lab.region('eu').connectionString] },
      },
    });
    await expectRefused(await run('--accept-loss', 'unknown', '--here', 'us'), 'too-few-vantages');
  });

  it('is refused when no other region has a standby', async () => {
    const { lab } = setup;
    await setup.configure({ regions: { us: { databases: [lab.region('us').connectionString] } } });
    await expectRefused(await run('--accept-loss', 'unknown'), 'last-region', 'too-few-vantages');
  });

  it('is refused when no app of another region answers', async () => {
    const { lab } = setup;
    const databases = (name: 'us' | 'eu' | 'ap'): string[] => [lab.region(name).connectionString];
    await setup.configure({
      regions: {
        us: { databases: databases('us') },
        eu: { databases: databases('eu'), origin: 'http://127.0.0.1:1' },
        ap: { databases: databases('ap') },
      },
    });
    await expectRefused(await run('--accept-loss', 'unknown'), 'last-region');
  });

  it('is refused while another command is at work, on this machine', async () => {
    await using lock = await lockRuns(join(setup.directory, 'runs'));
    expect(lock.by).toBeUndefined();
    const ran = await run('--accept-loss', 'unknown');
    await expectRefused(ran);
    expect(ran.records.at(-1)).toMatchObject({ summary: expect.stringContaining(String(process.pid)) });
  });

  it('is refused while another command is at work, on another machine', async () => {
    const config = await loadConfig(undefined, setup.directory, {});
    await using lock = await lockServers(config);
    expect(lock.by).toBeUndefined();
    const ran = await run('--accept-loss', 'unknown');
    await expectRefused(ran);
    expect(ran.records.at(-1)).toMatchObject({ summary: expect.stringContaining('eu/0, ap/0') });
  });

  it('a standby that is not furthest ahead is refused', async () => {
    const { lab } = setup;
    // ap received something that eu did not: eu was cut off before.
    await lab.region('us').start();
    await lab.caughtUp();
    await lab.region('us').partition('eu');
    await lab.region('us').query('CREATE TABLE ahead (x int)');
    const ahead = await lab.region('us').position();
    await expect
      .poll(() => lab.region('ap').query('SELECT $1::pg_lsn <= pg_last_wal_receive_lsn() AS has', [ahead]), {
        timeout: 60_000,
      })
      .toEqual([{ has: true }]);
    await lab.region('us').kill();
    // What is on its way would arrive if it were healed. The receiver of eu ends after its timeout.
    await expect
      .poll(() => lab.region('eu').query('SELECT FROM pg_stat_wal_receiver'), { timeout: 60_000 })
      .toEqual([]);
    await expectRefused(await run('--accept-loss', 'unknown', '--to', 'eu'), 'not-furthest-ahead');
  });
});

describe('regionkit failover confirm', () => {
  // Behind the tests above: they expect no run file.
  const confirm = (...args: string[]): Promise<Ran> => setup.ops('failover', 'confirm', ...args);

  beforeEach(() => setup.configure());

  it('measures, and run refuses evidence older than five minutes until it is measured again', async () => {
    const first = await confirm('--from', 'us', '--accept-loss', 'unknown', '--stable', '1s');
    expect(first.exit, first.stdout).toBe(0);
    // The roles of the app are known, no server of the region answers, and there is no hook.
    expect(ids(first)).toEqual(['cannot-fence']);
    const files = await readdir(join(setup.directory, 'runs'));
    const name = files.find((one) => one.endsWith('.ndjson')) as string;
    const id = name.replace('.ndjson', '');
    const path = join(setup.directory, 'runs', name);
    const { lines } = parseRun(await readFile(path));

    // A journal of production in the hands of a person who works on staging, whose regions have the same names.
    const foreign = lines.map((line) =>
      line.step === 'plan' ? { ...line, evidence: { ...line.evidence, system: '1' } } : line,
    );
    const other = join(setup.directory, 'runs', '20200101-000000-0000.ndjson');
    await writeFile(other, foreign.map((line) => `${JSON.stringify(line)}\n`).join(''));
    for (const verb of ['run', 'resume', 'abort', 'confirm']) {
      const execute = verb === 'confirm' ? [] : ['--execute'];
      const refused = await setup.ops('failover', verb, '--run', '20200101-000000-0000', ...execute);
      expect([verb, refused.exit]).toEqual([verb, 2]);
      expect(refused.stderr).toMatch(/is of another database cluster than \w+\/0, so nothing was done/);
    }
    expect(parseRun(await readFile(other)).lines).toEqual(foreign);
    await rm(other);

    const shown = await setup.ops('failover', 'run', '--run', id);
    expect(shown.exit, shown.stderr).toBe(0);
    expect(shown.records).toContainEqual(expect.objectContaining({ name: 'confirm', state: 'done' }));
    expect(shown.records).toContainEqual(expect.objectContaining({ name: 'promote', state: 'planned' }));

    const older = lines.map((line) => ({ ...line, atMs: line.atMs - 301_000 }));
    await writeFile(path, older.map((line) => `${JSON.stringify(line)}\n`).join(''));

    const late = await setup.ops('failover', 'run', '--run', id, '--execute');
    expect(ids(late)).toEqual(['evidence-old']);
    expect(late.stdout).toContain(`regionkit failover confirm --run ${id}. Then`);
    expect(late.exit).toBe(4);

    // Also with half a line at its end, which is said once.
    await writeFile(path, '{"step":"fence","sta', { flag: 'a' });
    const again = await confirm('--run', id);
    expect(ids(again)).toEqual(['run-file-cut']);
    expect(again.exit, again.stdout).toBe(0);
    const ran = await setup.ops('failover', 'run', '--run', id, '--execute');
    expect(ids(ran)).toEqual(['fence-not-proved']);
    expect(ran.exit, ran.stdout).toBe(0);
    expect(await writersOf(setup)).toEqual(['ap']);
  });
});
