import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ran } from '../run.ts';
import { command, serversOf, summaryOf } from './commands.ts';

type Name = 'us' | 'eu' | 'ap';

let lab: Lab<Name>;
beforeAll(async () => {
  lab = await createLab<Name>({ regions: ['us', 'eu', 'ap'] });
  await lab.primary.query('CREATE TABLE t (x int)');
  await lab.caughtUp();
});
afterAll(() => lab?.close());

const status = (): Promise<Ran> =>
  command(
    {
      regions: Object.fromEntries(
        lab.regions.map(({ name, connectionString }) => [name, { databases: [connectionString] }]),
      ),
    },
    ['status', '--json'],
  );
const roles = (ran: Ran): readonly string[] => serversOf(ran).map(({ where, role }) => `${where} ${role}`);
const WAIT = { timeout: 60_000, interval: 50 };

/** The servers move along with the tests. */
describe('regionkit status on three real servers', () => {
  it('shows the writer, its standbys, and that nothing would be lost', async () => {
    await expect.poll(async () => serversOf(await status())[1]?.behindBytes, WAIT).toBe(0);
    const ran = await status();
    expect(ran.exit, ran.stdout).toBe(0);
    expect(roles(ran)).toEqual(['us/0 writer', 'eu/0 standby', 'ap/0 standby']);
    expect(serversOf(ran).map(({ timeline }) => timeline)).toEqual([1, 1, 1]);
    expect(summaryOf(ran)).toBe(
      'us/0 takes writes on timeline 1. If it was lost now, at most 0 bytes of WAL would be lost.',
    );
  });

  it('shows what a standby has received and not replayed, and the age of what it has', async () => {
    await lab.region('eu').query('SELECT pg_wal_replay_pause()');
    await lab.primary.query('INSERT INTO t SELECT generate_series(1, 1000)');
    const eu = async () => serversOf(await status()).find(({ where }) => where === 'eu/0');
    await expect.poll(async () => (await eu())?.unreplayedBytes, WAIT).toBeGreaterThan(50_000);
    const first = (await eu())?.lagMs as number;
    await expect.poll(async () => (await eu())?.lagMs, WAIT).toBeGreaterThan(first);
    await lab.region('eu').query('SELECT pg_wal_replay_resume()');
    await expect.poll(async () => (await eu())?.lagMs, WAIT).toBe(0);
  });

  it('shows what would be lost while no standby receives', async () => {
    await Promise.all([lab.region('eu').freeze(), lab.region('ap').kill()]);
    const ran = await status();
    expect(ran.exit, ran.stdout).toBe(3);
    expect(roles(ran)).toEqual(['us/0 writer', 'eu/0 unknown', 'ap/0 unknown']);
    expect(serversOf(ran).map(({ why }) => why)).toEqual([undefined, 'timed-out', 'refused']);
    expect(summaryOf(ran)).toContain('Not known: eu/0, ap/0. No standby follows it');
    await lab.region('eu').thaw();
    await lab.region('ap').start();
    await lab.caughtUp();
  });

  it('finds no writer when the primary is gone, and does not know it', async () => {
    await lab.region('us').kill();
    const ran = await status();
    expect(ran.exit, ran.stdout).toBe(3);
    expect(summaryOf(ran)).toBe('No server of the configuration takes writes. Not known: us/0.');
  });

  it('finds two writers when the old primary comes back beside the new one', async () => {
    await lab.failover({ to: 'eu' });
    const one = await status();
    expect(roles(one).filter((role) => role.endsWith('writer'))).toEqual(['eu/0 writer']);
    await lab.region('us').returnAsIs();
    await expect.poll(async () => (await status()).exit, WAIT).toBe(1);
    const ran = await status();
    expect(summaryOf(ran)).toContain('2 servers take writes: us/0, eu/0.');
    expect(serversOf(ran).map(({ timeline }) => timeline)).toEqual([1, 2, 2]);
  });
});
