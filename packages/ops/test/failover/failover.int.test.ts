import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ran } from '../run.ts';
import { lastRun } from './child.ts';
import { startHookServer } from './hook-server.ts';
import { createSetup, rejoinAll, type Setup, writersOf } from './lab-setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup();
  await setup.lab.region('us').query('CREATE TABLE t (x int primary key)');
  await setup.lab.caughtUp();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const steps = ({ records }: Ran): readonly string[] =>
  records.flatMap((record) =>
    record.type === 'step' && record.state !== 'started' ? [`${record.name} ${record.state}`] : [],
  );

const summary = ({ records }: Ran): string => {
  const last = records.at(-1);
  return last?.type === 'result' ? last.summary : '';
};

/** The primary moves along with the tests. */
describe('regionkit failover', () => {
  it('changes nothing without --execute, and says what it would do', async () => {
    const ran = await setup.ops('failover', 'run', '--mode', 'switchover', '--to', 'eu');
    expect(ran.exit, ran.stdout).toBe(0);
    expect(steps(ran)).toEqual(
      [
        'confirm',
        'announce',
        'pause',
        'fence',
        'loss',
        'promote',
        'logins',
        'write',
        'resume-writes',
        'fork',
        'apps',
        'stable',
        'told',
      ].map((name) => `${name} planned`),
    );
    expect(await writersOf(setup)).toEqual(['us']);
    expect(await lastRun(setup)).toBeUndefined();
  });

  it('stops at a hook of the fence that fails, and abort gives the logins back', async () => {
    await using hooks = await startHookServer((event) => (event === 'fence' ? 500 : 200));
    await setup.configure({ failover: { hooks: { fence: [{ webhook: hooks.url }], told: [{ webhook: hooks.url }] } } });
    const ran = await setup.ops('failover', 'run', '--mode', 'switchover', '--to', 'eu', '--execute');
    expect(ran.exit, ran.stdout).toBe(5);
    expect(summary(ran)).toMatch(
      /^fence: hook 1 of 1 answered 500\. A part was done\. .* resume --run .* abort --run /,
    );
    expect(hooks.events.map(({ event }) => event)).toEqual(['started', 'fence', 'failed']);
    const us = setup.lab.region('us');
    await expect(us.pool({ max: 1 }).query('SELECT 1')).rejects.toMatchObject({ code: '28000' });

    const dry = await setup.ops('failover', 'abort');
    expect(dry.exit).toBe(0);
    expect(steps(dry)).toEqual(['unfence planned']);
    const aborted = await setup.ops('failover', 'abort', '--execute');
    // What the hook did cannot be undone by the command: a part remains.
    expect(aborted.exit, aborted.stdout).toBe(5);
    expect(steps(aborted)).toEqual(['unfence planned', 'unfence done']);
    await us.pool({ max: 1 }).query('INSERT INTO t VALUES (1)');
    expect((await setup.ops('failover', 'resume', '--execute')).exit).toBe(2);
    await setup.configure();
  });

  it('switches over while an app writes, and loses nothing that was acknowledged', async () => {
    const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
    await using hooks = await startHookServer(async (event) => {
      if (event === 'fence') await us.stop();
      return 200;
    });
    const hook = [{ webhook: hooks.url }];
    await setup.configure({ failover: { hooks: { fence: hook, pause: hook, resume: hook, told: hook } } });
    const pools = [us.pool({ max: 4 }), eu.pool({ max: 4 })];
    const acknowledged: number[] = [];
    let writing = true;
    const writer = async (offset: number): Promise<void> => {
      for (let x = offset; writing; x += 4) {
        for (const pool of pools) {
          const ok = await pool.query('INSERT INTO t VALUES ($1)', [x]).then(
            () => true,
            () => false,
          );
          if (ok) acknowledged.push(x);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const writers = [100, 101, 102, 103].map(writer);
    await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(20);
    const ran = await setup.ops('failover', 'run', '--mode', 'switchover', '--to', 'eu', '--stable', '1s', '--execute');
    expect(ran.exit, ran.stdout).toBe(0);
    const before = acknowledged.length;
    await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(before + 20);
    writing = false;
    await Promise.all(writers);
    expect(hooks.events.map(({ event }) => event)).toEqual(['started', 'pause', 'fence', 'resume', 'done']);
    expect(new Set(hooks.events.map(({ target }) => target))).toEqual(new Set(['eu/0']));
    const { evidence } = (await lastRun(setup))?.lines.findLast(({ step }) => step === 'loss') ?? {};
    expect(evidence).toMatchObject({ excluded: true, bytes: 0 });
    const there = new Set((await eu.query<{ x: number }>('SELECT x FROM t')).map(({ x }) => x));
    expect(acknowledged.filter((x) => !there.has(x))).toEqual([]);
    await setup.configure();
    await rejoinAll(setup, 'eu');
  });

  it('promotes another region when the primary is gone, and records what salvage needs', async () => {
    const [eu, ap] = [setup.lab.region('eu'), setup.lab.region('ap')];
    // A new standby knows the time of no commit before it has replayed one.
    await eu.query('INSERT INTO t VALUES (2)');
    await setup.lab.caughtUp();
    await eu.kill();
    const ran = await setup.ops(
      'failover',
      'run',
      '--from',
      'eu',
      '--to',
      'ap',
      '--accept-loss',
      '1h',
      '--stable',
      '1s',
      '--execute',
    );
    expect(ran.exit, ran.stdout).toBe(0);
    expect(ran.records.filter((record) => record.type === 'finding').map(({ id }) => id)).toEqual(['fence-not-proved']);
    const run = await lastRun(setup);
    const fork = run?.lines.findLast(({ step }) => step === 'fork')?.evidence;
    expect(fork).toMatchObject({
      timeline: 3,
      parent: 2,
      firstXid: expect.stringMatching(/^\d+$/),
      firstXidAtLeast: expect.stringMatching(/^\d+$/),
    });
    // As the server itself wrote it into the history of its timeline.
    const [history] = await ap.query<{ line: string }>(`SELECT pg_read_file('pg_wal/00000003.history') AS line`);
    expect(history?.line.trim().split('\n').at(-1)?.split('\t').slice(0, 2)).toEqual(['2', fork?.['fork']]);
    expect(BigInt(fork?.['firstXidAtLeast'] as string) <= BigInt(fork?.['firstXid'] as string)).toBe(true);
    await rejoinAll(setup, 'ap');
  });

  it('goes on when the hooks that tell are broken', async () => {
    await using hooks = await startHookServer(() => 'hang');
    const told = [
      { webhook: hooks.url, timeoutSeconds: 1 },
      { webhook: 'http://127.0.0.1:1/', timeoutSeconds: 1 },
      { command: ['/no/such/program'] },
      { command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'], timeoutSeconds: 1 },
    ];
    await setup.configure({ failover: { hooks: { told } } });
    const ran = await setup.ops(
      'failover',
      'run',
      '--mode',
      'switchover',
      '--from',
      'ap',
      '--to',
      'us',
      '--stable',
      '1s',
      '--execute',
    );
    expect(ran.exit, ran.stdout).toBe(0);
    const says = ran.records.flatMap((record) =>
      record.type === 'step' && record.name === 'told' && record.state === 'done' ? [record.evidence] : [],
    );
    expect(says).toEqual([
      'hook 1 of 4 did not answer in time, hook 2 of 4 could not be reached, hook 3 of 4 could not be started (ENOENT), hook 4 of 4 was stopped after 1 s',
    ]);
    expect(await writersOf(setup)).toContain('us');
    await setup.configure();
    await rejoinAll(setup, 'us');
  });

  it('goes on when a hook of the fence fails because the region is dead, unless a fence is required', async () => {
    const us = setup.lab.region('us');
    await us.kill();
    await using hooks = await startHookServer((event) => (event === 'fence' ? 500 : 200));
    const fence = [{ command: ['/no/such/program'] }, { webhook: hooks.url }];
    await setup.configure({ failover: { hooks: { fence } } });
    const args = ['--from', 'us', '--to', 'eu', '--accept-loss', 'unknown', '--stable', '1s', '--execute'];
    const required = await setup.ops('failover', 'run', '--require-fence', ...args);
    expect(required.exit, required.stdout).toBe(5);
    expect(summary(required)).toMatch(
      /^fence: hook 1 of 2 could not be started \(ENOENT\), hook 2 of 2 answered 500\./,
    );
    expect((await setup.ops('failover', 'abort', '--execute')).exit).toBe(5);
    await setup.configure();
    const without = await setup.ops('failover', 'run', '--require-fence', ...args);
    expect(without.exit, without.stdout).toBe(5);
    expect(summary(without)).toMatch(/no hook has fenced it, and --require-fence was given/);
    expect((await setup.ops('failover', 'abort', '--execute')).exit).toBe(0);
    expect(await writersOf(setup)).toEqual([]);

    await setup.configure({ failover: { hooks: { fence } } });
    const ran = await setup.ops('failover', 'run', ...args);
    expect(ran.exit, ran.stdout).toBe(0);
    expect(hooks.events.map(({ event }) => event)).toEqual(['fence', 'fence']);
    expect(ran.records.filter((record) => record.type === 'finding')).toMatchObject([
      {
        id: 'fence-not-proved',
        level: 'warning',
        evidence: expect.stringMatching(/hook 2 of 2 answered 500; .* cannot be reached/),
      },
    ]);
    expect(await writersOf(setup)).toEqual(['eu']);
    await setup.configure();
  });

  it.each([
    [['failover']],
    [['failover', 'go']],
    [['failover', 'plan', 'run']],
    [['failover', 'plan']],
    [['failover', 'plan', '--from', 'sa']],
    [['failover', 'plan', '--from', 'us', '--to', 'sa']],
    [['failover', 'plan', '--from', 'us', '--here', 'sa']],
    [['failover', 'plan', '--from', 'us', '--mode', 'both']],
    [['failover', 'plan', '--from', 'us', '--accept-loss', 'all']],
    [['failover', 'plan', '--from', 'us', '--stable', 'long']],
    [['failover', 'run', '--execute', '--run', '20260101-000000-0000', '--discard-tail']],
    [['failover', 'run', '--execute', '--run', '../x']],
    [['failover', 'run', '--execute', '--run', '20260101-000000-0000']],
    [['failover', 'resume', '--to', 'eu']],
    [['failover', 'plan', '--from', 'us', '--from', 'eu']],
    [['failover', 'resume', '--runs', 'regionkit.config.json']],
    [['failover', 'plan', '--from', 'us', '--execute']],
    [['failover', 'confirm', '--from', 'us', '--execute']],
    [['failover', 'plan', '--run', '20260101-000000-0000']],
    [['failover', 'resume', '--from', 'us', '--execute']],
  ])('refuses %j with exit code 2', async (args) => {
    const ran = await setup.ops(...(args as string[]));
    expect(ran.exit, ran.stdout).toBe(2);
    expect(ran.stderr).toMatch(/^regionkit failover: /);
    expect(ran.stdout).toBe('');
  });
});

it('does not give the logins back by abort while another server takes writes', async () => {
  await using own = await createSetup();
  const { lab } = own;
  await own.configure({ failover: { hooks: { fence: [{ command: [process.execPath, '-e', 'process.exit(7)'] }] } } });
  const ran = await own.ops('failover', 'run', '--mode', 'switchover', '--to', 'eu', '--execute');
  expect(ran.exit, ran.stdout).toBe(5);
  await lab.region('eu').promote({ follow: false });
  await lab.region('eu').query('ALTER ROLE app LOGIN');
  const aborted = await own.ops('failover', 'abort', '--execute');
  expect(aborted.exit, aborted.stdout).toBe(5);
  expect(aborted.stdout).toMatch(/eu\/0 takes writes: with logins on us\/0 there would be two primaries/);
  await expect(lab.region('us').pool({ max: 1 }).query('SELECT 1')).rejects.toMatchObject({ code: '28000' });
});
