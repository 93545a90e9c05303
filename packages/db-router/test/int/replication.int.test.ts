import { createServer } from 'node:net';
import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { createRegionRouter, outcomeOf } from '../../src/index.ts';
import { openEndpoint } from './endpoint.ts';
import { eventually, failureOf, labOfTest, type Name, readsLocally, regionsFrom, SECRET, startRouter } from './lab.ts';

/** Replication as operators configure it: what they set on a server, and how many standbys a region has. */
async function set(lab: Lab<Name>, name: Name, setting: string, value: string): Promise<void> {
  await lab.region(name).query(`ALTER SYSTEM SET ${setting} = '${value}'`);
  await lab.region(name).query('SELECT pg_reload_conf()');
  await eventually(async () => {
    const [row] = await lab.region(name).query('SELECT current_setting($1) AS value', [setting]);
    return row.value === value;
  });
}

const PROBE = { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 1_000 };

it('reads nothing from a standby that applies late on purpose, once it is further behind than reads may be', async () => {
  const lab = await labOfTest({ regions: ['us', 'ap'] });
  await set(lab, 'ap', 'recovery_min_apply_delay', '1h');
  const router = await startRouter(lab, 'ap', { maxLagMs: 500, probe: PROBE });
  const token = await router.run({}, async () => {
    await router.write("INSERT INTO note (text) VALUES ('applied late')");
    return router.token();
  });
  const read = () => router.read("SELECT pg_is_in_recovery() AS recovering FROM note WHERE text = 'applied late'");
  expect((await router.run({ token }, read)).rows).toEqual([{ recovering: false }]);
  await eventually(() => router.topology().nodes.find(({ region }) => region === 'ap')?.state === 'stale');
  expect((await read()).rows).toEqual([{ recovering: false }]);
  await set(lab, 'ap', 'recovery_min_apply_delay', '0');
  await readsLocally(router);
  expect((await router.run({ token }, read)).rows).toEqual([{ recovering: true }]);
});

it('reads from the standby of its region that has it, goes on with the one that is left, and follows a failover to it', async () => {
  const lab = await labOfTest();
  const router = createRegionRouter({
    regions: regionsFrom('eu', ['us', 'eu']),
    pools: {
      us: lab.region('us').pool({ from: 'eu' }),
      eu: [lab.region('eu').pool({ from: 'eu' }), lab.region('ap').pool({ from: 'eu' })],
    },
    writes: 'remote-pool',
    token: { secret: SECRET },
    probe: PROBE,
  });
  onTestFinished(() => router.close());
  const standbys = () => router.topology().nodes.filter(({ state }) => state === 'replica').length;
  await router.write('SELECT 1');
  await eventually(() => standbys() === 2);
  await lab.region('eu').pauseReplay();
  const token = await router.run({}, async () => {
    await router.write("INSERT INTO note (text) VALUES ('two standbys')");
    return router.token();
  });
  await eventually(() => router.explain('read', token).node === 'eu/1');
  const read = () => router.read("SELECT pg_is_in_recovery() AS recovering FROM note WHERE text = 'two standbys'");
  expect((await router.run({ token }, read)).rows).toEqual([{ recovering: true }]);
  await lab.region('eu').resumeReplay();
  await lab.region('eu').kill();
  for (let at = 0; at < 4; at += 1) expect((await router.run({ token }, read)).rows).toHaveLength(1);
  await lab.region('us').kill();
  await lab.failover({ to: 'ap' });
  await router.write("INSERT INTO note (text) VALUES ('the second one')");
  expect(router.explain('write')).toMatchObject({ node: 'eu/1', reason: 'local-primary' });
});

it('says of a transaction on a standby that recovery was in its way: rolled back', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  await set(lab, 'eu', 'max_standby_streaming_delay', '0');
  const router = await startRouter(lab, 'eu', { probe: PROBE });
  await router.write("INSERT INTO note (text) SELECT 'dead ' || n FROM generate_series(1, 500) n");
  await readsLocally(router);
  await lab.caughtUp();
  const client = await router.run({ access: 'read' }, () => router.pool.connect());
  onTestFinished(() => client.release());
  client.on('error', () => {});
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const read = 'SELECT pg_is_in_recovery() AS recovering, count(*)::int FROM note';
  expect((await client.query(read)).rows).toEqual([{ recovering: true, count: 500 }]);
  await router.write('DELETE FROM note');
  await lab.primary.query('VACUUM note');
  let failure: unknown;
  await eventually(() =>
    client.query(read).then(
      () => false,
      (error: unknown) => {
        failure = error;
        return true;
      },
    ),
  );
  expect(outcomeOf(failure)).toBe('rolled-back');
  expect((await router.read('SELECT count(*)::int FROM note')).rows).toEqual([{ count: 0 }]);
});

it('keeps recovery out of the way of a read where the standby tells the primary what it reads', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  await set(lab, 'eu', 'max_standby_streaming_delay', '0');
  await set(lab, 'eu', 'hot_standby_feedback', 'on');
  const router = await startRouter(lab, 'eu', { probe: PROBE });
  await router.write("INSERT INTO note (text) SELECT 'kept ' || n FROM generate_series(1, 500) n");
  await readsLocally(router);
  await lab.caughtUp();
  const client = await router.run({ access: 'read' }, () => router.pool.connect());
  onTestFinished(() => client.release());
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const read = 'SELECT pg_is_in_recovery() AS recovering, count(*)::int FROM note';
  expect((await client.query(read)).rows).toEqual([{ recovering: true, count: 500 }]);
  await eventually(async () => {
    const [sender] = await lab.primary.query('SELECT backend_xmin FROM pg_stat_replication');
    return sender?.['backend_xmin'] != null;
  });
  await router.write('DELETE FROM note');
  await lab.primary.query('VACUUM note');
  await lab.caughtUp();
  expect((await client.query(read)).rows).toEqual([{ recovering: true, count: 500 }]);
  await client.query('COMMIT');
});

it('loses no acknowledged write where a synchronous standby is promoted', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  await set(lab, 'us', 'synchronous_standby_names', '*');
  const router = await startRouter(lab, 'eu', { probe: PROBE });
  await router.write('SELECT 1');
  const acknowledged: string[] = [];
  let isStopped = false;
  const writing = Array.from({ length: 3 }, async (_, writer) => {
    for (let at = 0; !isStopped; at += 1) {
      const text = `${writer}/${at}`;
      await router.write('INSERT INTO note (text) VALUES ($1)', [text]).then(
        () => void acknowledged.push(text),
        () => {},
      );
    }
  });
  await eventually(() => acknowledged.length > 50);
  await lab.region('us').kill();
  await lab.failover({ to: 'eu' });
  const before = acknowledged.length;
  await eventually(() => acknowledged.length > before + 10);
  isStopped = true;
  await Promise.all(writing);
  const rows = await lab.primary.query<{ text: string }>('SELECT text FROM note');
  const present = new Set(rows.map(({ text }) => text));
  expect(acknowledged.filter((text) => !present.has(text))).toEqual([]);
});

it('holds no acknowledgement back by itself: a write that no synchronous standby confirms is of unknown outcome', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  await set(lab, 'us', 'synchronous_standby_names', '*');
  const router = await startRouter(lab, 'us', { probe: PROBE });
  await router.write('SELECT 1');
  await lab.region('eu').kill();
  const writing = failureOf(router.write("INSERT INTO note (text) VALUES ('not confirmed')"));
  await eventually(async () => {
    const waiting = await lab.primary.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    return waiting.length > 0;
  });
  await lab.region('us').kill();
  expect(outcomeOf(await writing)).toBe('unknown');
});

const hasIpv6 = await new Promise<boolean>((resolve) => {
  const server = createServer().on('error', () => resolve(false));
  server.listen(0, '::1', () => server.close(() => resolve(true)));
});

it.skipIf(!hasIpv6)('reaches its databases by IPv6 and follows a failover there', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  const poolOf = async (name: Name): Promise<pg.Pool> => {
    const { connectionString } = await openEndpoint(lab.region(name), { host: '::1' });
    const pool = new pg.Pool({ connectionString, max: 4 });
    pool.on('error', () => {});
    return pool;
  };
  const router = createRegionRouter({
    regions: regionsFrom('us', ['us', 'eu']),
    pools: { us: await poolOf('us'), eu: await poolOf('eu') },
    writes: 'remote-pool',
    token: { secret: SECRET },
    probe: PROBE,
  });
  onTestFinished(() => router.close({ pools: true }));
  await router.write("INSERT INTO note (text) VALUES ('by IPv6')");
  await lab.region('us').kill();
  await lab.failover({ to: 'eu' });
  await router.write("INSERT INTO note (text) VALUES ('after the failover')");
  expect(router.explain('write').node).toBe('eu/0');
  expect((await router.primary.query('SELECT text FROM note ORDER BY id')).rows).toHaveLength(2);
});
