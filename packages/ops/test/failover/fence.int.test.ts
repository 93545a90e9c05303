import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetup, type Setup } from './lab-setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup();
  await setup.lab.region('us').query('CREATE TABLE t (x int primary key)');
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const evidenceOf = (ran: Awaited<ReturnType<Setup['ops']>>, name: string): string =>
  ran.records.flatMap((record) => (record.type === 'step' && record.name === name ? [record.evidence] : [])).join();

describe('regionkit fence', () => {
  it('changes nothing without --execute', async () => {
    const ran = await setup.ops('fence', '--region', 'us');
    expect(ran.exit).toBe(0);
    await setup.lab.region('us').pool({ max: 1 }).query('INSERT INTO t VALUES (0)');
  });

  it('ends an open transaction, refuses new logins, and proves both', async () => {
    const us = setup.lab.region('us');
    const open = await us.pool({ max: 1 }).connect();
    open.on('error', () => {});
    await open.query('BEGIN');
    await open.query('INSERT INTO t VALUES (1)');
    const ran = await setup.ops('fence', '--region', 'us', '--method', 'role', '--execute');
    expect(ran.exit, ran.stdout).toBe(0);
    expect(evidenceOf(ran, 'role')).toMatch(
      /logins revoked, [2-9] sessions ended, a write in an open transaction was refused \(57P01\)/,
    );
    expect(evidenceOf(ran, 'proof')).toMatch(/a login was refused \(28000\)/);
    await expect(open.query('COMMIT')).rejects.toThrow();
    open.release(true);
    await expect(us.pool({ max: 1 }).query('INSERT INTO t VALUES (2)')).rejects.toMatchObject({ code: '28000' });
    expect(await us.query('SELECT x FROM t ORDER BY x')).toEqual([{ x: 0 }]);
  });

  it('is undone', async () => {
    const ran = await setup.ops('fence', '--region', 'us', '--undo', '--execute');
    expect(ran.exit, ran.stdout).toBe(0);
    await setup.lab.region('us').pool({ max: 1 }).query('INSERT INTO t VALUES (3)');
  });

  it('of a server that cannot be reached is not known', async () => {
    const { lab } = setup;
    await setup.configure({
      regions: {
        us: { databases: ['postgresql://ops:ops@127.0.0.1:1/app'], app: lab.region('us').connectionString },
        eu: { databases: [lab.region('eu').connectionString] },
      },
    });
    const ran = await setup.ops('fence', '--region', 'us', '--execute');
    expect(ran.exit, ran.stdout).toBe(3);
    expect(evidenceOf(ran, 'proof')).toMatch(/us\/0 cannot be reached \(refused\)/);
    await setup.configure();
  });

  it('of the last region is refused', async () => {
    const { lab } = setup;
    await setup.configure({
      regions: { us: { databases: [lab.region('us').connectionString], app: lab.region('us').connectionString } },
    });
    const ran = await setup.ops('fence', '--region', 'us', '--execute');
    expect(ran.exit, ran.stdout).toBe(4);
    await setup.configure();
  });

  it('with the role of the app itself fails, and changes nothing', async () => {
    const { lab } = setup;
    const regions = Object.fromEntries(
      lab.regions.map(({ name, connectionString }) => [name, { databases: [connectionString], app: connectionString }]),
    );
    await setup.configure({ regions });
    const ran = await setup.ops('fence', '--region', 'us', '--execute');
    expect(ran.exit, ran.stdout).toBe(1);
    expect(evidenceOf(ran, 'role')).toMatch(/would shut itself out/);
    await lab.region('us').pool({ max: 1 }).query('INSERT INTO t VALUES (4)');
    await setup.configure();
  });

  it('whose hook fails is not fenced', async () => {
    await setup.configure({
      failover: { hooks: { fence: [{ command: [process.execPath, '-e', 'process.exit(7)'] }] } },
    });
    const ran = await setup.ops('fence', '--region', 'us', '--method', 'hook', '--execute');
    expect(ran.exit, ran.stdout).toBe(1);
    expect(evidenceOf(ran, 'hook')).toBe('hook 1 of 1 ended with 7');
    await setup.configure();
  });

  it('whose hook does nothing is not fenced: the server still takes writes', async () => {
    await setup.configure({ failover: { hooks: { fence: [{ command: [process.execPath, '-e', ''] }] } } });
    const ran = await setup.ops('fence', '--region', 'us', '--method', 'hook', '--execute');
    expect(ran.exit, ran.stdout).toBe(1);
    expect(evidenceOf(ran, 'proof')).toMatch(/us\/0 takes writes/);
    await setup.configure();
  });

  it.each([
    [[]],
    [['--region', 'sa']],
    [['--region', 'us', '--method', 'magic']],
    [['--region', 'us', '--method', 'hook']],
  ])('refuses %j', async (args) => {
    expect((await setup.ops('fence', ...args)).exit).toBe(2);
  });
});

// Behind the tests above: it leaves eu as the primary.
describe('regionkit fence with two regions, after a failover', () => {
  it('shuts the old primary that is back, and refuses to shut the new one', async () => {
    const { lab } = setup;
    const [us, eu] = [lab.region('us'), lab.region('eu')];
    await us.kill();
    await eu.promote({ follow: false });
    await us.returnAsIs();
    const regions = Object.fromEntries(
      [us, eu].map(({ name, connectionString }) => {
        const url = new URL(connectionString);
        [url.username, url.password] = ['ops', 'ops'];
        return [name, { databases: [url.href], app: connectionString }];
      }),
    );
    await setup.configure({ regions });
    const newOne = await setup.ops('fence', '--region', 'eu', '--execute');
    expect(newOne.exit, newOne.stdout).toBe(4);
    await eu.pool({ max: 1 }).query('INSERT INTO t VALUES (5)');
    const oldOne = await setup.ops('fence', '--region', 'us', '--execute');
    expect(oldOne.exit, oldOne.stdout).toBe(0);
    // The new primary takes writes.
    const undone = await setup.ops('fence', '--region', 'us', '--undo', '--execute');
    expect(undone.exit, undone.stdout).toBe(4);
    await expect(us.pool({ max: 1 }).query('INSERT INTO t VALUES (5)')).rejects.toMatchObject({ code: '28000' });
  });
});
