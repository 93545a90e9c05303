import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenCodec } from '../../src/causality/token.ts';
import { formatLsn, parseLsn } from '../../src/history/lsn.ts';
import { UNKNOWN_LSN } from '../../src/history/required-position.ts';
import { createWriteGate } from '../../src/http/index.ts';
import { outcomeOf, postgresReadings } from '../../src/index.ts';
import { eventually, failureOf, type Name, readsLocally, SECRET, sleep, startLab, startRouter } from './lab.ts';

describe('reads and writes on real servers', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab();
  });
  afterAll(() => lab.close());

  it('reads in its own region and writes on the one primary, whatever the region', async () => {
    const router = await startRouter(lab, 'eu');
    await router.ready();
    await router.write('INSERT INTO note (text) VALUES ($1)', ['from eu']);
    expect(router.explain('write')).toMatchObject({ action: 'run', region: 'us', reason: 'remote-pool' });
    await readsLocally(router);
    const { rows } = await router.read('SELECT pg_is_in_recovery() AS recovering');
    expect(rows).toEqual([{ recovering: true }]);
  });

  it('reads what it wrote in the same scope, and in another region by its token, with no waiting and no extra question', async () => {
    const router = await startRouter(lab, 'eu');
    const elsewhere = await startRouter(lab, 'ap');
    const token = await router.run({}, async () => {
      const { rows } = await router.write<{ id: number }>('INSERT INTO note (text) VALUES ($1) RETURNING id', ['own']);
      const own = await router.read('SELECT text FROM note WHERE id = $1', [rows[0]?.id]);
      expect(own.rows).toEqual([{ text: 'own' }]);
      return router.token();
    });
    expect(token?.length).toBeLessThanOrEqual(96);
    const seen = await elsewhere.run({ token, access: 'read' }, () =>
      elsewhere.pool.query("SELECT text FROM note WHERE text = 'own'"),
    );
    expect(seen.rows).toEqual([{ text: 'own' }]);
    // Once the standby was seen to have it, the read asks nobody anything: one statement, on the connection it has.
    await eventually(() => elsewhere.explain('read', token).reason === 'caught-up');
    await elsewhere.run({ token }, () => elsewhere.read('SELECT 1'));
    const client = await elsewhere.wrapped.ap?.connect();
    const calls: unknown[] = [];
    const query = pg.Client.prototype.query;
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      if ((this as { processID?: number }).processID === (client as unknown as { processID: number }).processID)
        calls.push(args[0]);
      return (query as (...all: unknown[]) => unknown).apply(this, args);
    } as typeof query;
    client?.release();
    try {
      await elsewhere.run({ token }, () => elsewhere.read('SELECT 2'));
    } finally {
      pg.Client.prototype.query = query;
    }
    expect(calls).toEqual(['SELECT 2']);
  });

  it('sends a read to the primary while replay is paused, and back to the replica when it goes on', async () => {
    const router = await startRouter(lab, 'eu');
    await router.ready();
    await lab.region('eu').pauseReplay();
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('paused')");
      const { rows } = await router.read(
        "SELECT pg_is_in_recovery() AS recovering, count(*)::int FROM note WHERE text = 'paused'",
      );
      expect(rows).toEqual([{ recovering: false, count: 1 }]);
      return router.token();
    });
    await lab.region('eu').resumeReplay();
    await lab.caughtUp();
    await eventually(() => router.explain('read', token).reason === 'caught-up');
    const { rows } = await router.run({ token }, () =>
      router.read("SELECT pg_is_in_recovery() AS recovering, count(*)::int FROM note WHERE text = 'paused'"),
    );
    expect(rows).toEqual([{ recovering: true, count: 1 }]);
  });

  it('wakes a thousand waiters with one watcher when the replica gets there', async () => {
    const router = await startRouter(lab, 'eu', { tokenWaitMs: 10_000, max: 20 });
    await router.ready();
    await router.write('SELECT 1');
    await readsLocally(router);
    await lab.region('eu').pauseReplay();
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('watched')");
      return router.token();
    });
    const reads = Array.from({ length: 1_000 }, () =>
      router.run({ token }, () =>
        router.read("SELECT pg_is_in_recovery() AS recovering FROM note WHERE text = 'watched'"),
      ),
    );
    await sleep(100);
    const [asked] = await lab
      .region('eu')
      .query("SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'regionkit-probe'");
    expect(asked.count).toBeLessThanOrEqual(3);
    await lab.region('eu').resumeReplay();
    const answers = await Promise.all(reads);
    expect(answers.every(({ rows }) => rows[0]?.['recovering'] === true)).toBe(true);
  });

  it('reaches a token taken just after a segment began, on an idle primary', async () => {
    const router = await startRouter(lab, 'eu');
    await router.write('SELECT 1');
    const insertLsn = async () => (await lab.primary.query('SELECT pg_current_wal_insert_lsn()::text AS lsn'))[0].lsn;
    for (;;) {
      await lab.primary.query('SELECT pg_switch_wal()');
      const before = await insertLsn();
      const token = await router.run({}, async () => {
        // It writes nothing, and counts as a write all the same.
        await router.write('DO $$ BEGIN END $$');
        return router.token() ?? '';
      });
      // The server itself may write at any moment: then it was not idle.
      if (!before.endsWith('000028') || (await insertLsn()) !== before) continue;
      const asked = createTokenCodec(SECRET).decode(token)?.lsn ?? 0n;
      expect(formatLsn(asked)).toBe(before.replace(/28$/, '00').toUpperCase());
      await eventually(() => {
        router.gate.recheckPrimary();
        return router.explain('read', token).reason === 'caught-up';
      });
      return;
    }
  });

  it.each(['off', 'remote_apply'])(
    'gives a token that its replica reaches under synchronous_commit = %s',
    async (setting) => {
      const router = await startRouter(lab, 'eu', { pool: { options: `-c synchronous_commit=${setting}` } });
      const token = await router.run({}, async () => {
        await router.write('INSERT INTO note (text) VALUES ($1)', [`commit ${setting}`]);
        await router.transaction((tx) => tx.query('INSERT INTO note (text) VALUES ($1)', [`transaction ${setting}`]));
        return router.token();
      });
      await eventually(() => router.explain('read', token).reason === 'caught-up');
      const { rows } = await router.run({ token }, () =>
        router.read('SELECT count(*)::int, pg_is_in_recovery() AS recovering FROM note WHERE text LIKE $1', [
          `%${setting}`,
        ]),
      );
      expect(rows).toEqual([{ count: 2, recovering: true }]);
    },
  );

  it('runs a thousand writes that were taken for reads, each on the primary, and loses no connection by it', async () => {
    const router = await startRouter(lab, 'eu', { max: 10 });
    await router.ready();
    await readsLocally(router);
    await Promise.all(Array.from({ length: 10 }, () => router.read('SELECT pg_sleep(0.01)')));
    const before = router.wrapped.eu?.totalCount;
    let removed = 0;
    router.wrapped.eu?.on('remove', () => {
      removed += 1;
    });
    await Promise.all(
      Array.from({ length: 1_000 }, (_, at) =>
        router.read('INSERT INTO note (text) VALUES ($1)', [`write in a read ${at}`]),
      ),
    );
    const { rows } = await router.write("SELECT count(*)::int FROM note WHERE text LIKE 'write in a read %'");
    expect(rows).toEqual([{ count: 1_000 }]);
    expect(removed).toBe(0);
    expect(router.wrapped.eu?.totalCount).toBe(before);
  });

  it('passes what the server says of a statement as node-postgres does, and keeps the connection', async () => {
    const router = await startRouter(lab, 'us', { max: 1 });
    const pid = async () => (await router.write('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];
    const before = await pid();
    await router.write("INSERT INTO note (text) VALUES ('twice')");
    const failure = await failureOf(router.write("INSERT INTO note (text) VALUES ('twice')"));
    expect(failure).toBeInstanceOf(pg.DatabaseError);
    expect(failure.code).toBe('23505');
    expect(outcomeOf(failure)).toBe('rolled-back');
    expect((await failureOf(router.read('SELEC 1'))).code).toBe('42601');
    expect(await pid()).toBe(before);
  });

  it('refuses a write outside the primary’s region by policy, and says where to go', async () => {
    for (const writes of ['reject', 'forward'] as const) {
      const router = await startRouter(lab, 'ap', { writes });
      await router.ready();
      const failure = await failureOf(router.write('SELECT 1'));
      expect(failure).toMatchObject({
        code: 'ERR_NOT_PRIMARY_REGION',
        status: 503,
        outcome: 'not-sent',
        region: 'us',
        headers: { 'x-region-hint': 'us', 'retry-after': '1' },
      });
      expect((await failureOf(router.primary.connect())).code).toBe('ERR_NOT_PRIMARY_REGION');
    }
  });

  it('says once that no write gate is mounted, if one would have forwarded the write', async () => {
    const warnings: (string | undefined)[] = [];
    const onWarning = (warning: Error & { code?: string }) => void warnings.push(warning.code);
    // Warnings come a turn later: that of the test before must have come.
    await sleep(1);
    process.on('warning', onWarning);
    try {
      const alone = await startRouter(lab, 'ap', { writes: 'forward' });
      for (let at = 0; at < 3; at += 1) await failureOf(alone.write('SELECT 1'));
      const gated = await startRouter(lab, 'ap', { writes: 'forward' });
      createWriteGate({ router: gated, forward: { secret: SECRET }, token: { cookie: { domain: 'example.com' } } });
      // A job, before the first request: the gate is there all the same.
      await failureOf(gated.write('SELECT 1'));
      await sleep(10);
    } finally {
      process.off('warning', onWarning);
    }
    expect(warnings.filter((code) => code === 'REGIONKIT_NO_WRITE_GATE')).toHaveLength(1);
  });

  it('says of router.pool outside a scope that it is the primary, and how a read gets to a replica', async () => {
    const router = await startRouter(lab, 'eu', { writes: 'reject' });
    await eventually(() => router.explain('write').reason === 'not-primary-region');
    for (const asked of [() => router.pool.query('SELECT 1'), () => router.pool.connect()]) {
      const failure = await failureOf(asked() as Promise<unknown>);
      expect(failure).toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION', intent: 'write' });
      expect(failure.message).toContain('outside a scope router.pool is the primary');
    }
    expect((await failureOf(router.primary.query('SELECT 1'))).message).not.toContain('router.pool');
    expect((await failureOf(router.run({}, () => router.pool.query('SELECT 1')))).message).not.toContain('router.pool');
  });

  it('tells each route, with its reason, to who listens', async () => {
    const router = await startRouter(lab, 'eu');
    await router.write('SELECT 1');
    await readsLocally(router);
    const routes: unknown[] = [];
    router.on('route', (route) => routes.push(route));
    await router.read('SELECT 1');
    await router.write('SELECT 1');
    await router.transaction((tx) => tx.query('SELECT 1'), { readOnly: true });
    expect(routes).toEqual([
      { intent: 'read', reason: 'local-replica', node: 'eu/0' },
      { intent: 'write', reason: 'remote-pool', node: 'us/0' },
      { intent: 'read', reason: 'local-replica', node: 'eu/0' },
    ]);
    expect(router.stats().routes).toMatchObject({ 'local-replica': 2, 'remote-pool': 2 });
  });

  it('refuses an advisory lock on a replica, where it would exclude nobody', async () => {
    const router = await startRouter(lab, 'eu');
    await router.ready();
    await readsLocally(router);
    expect((await failureOf(router.read('select pg_advisory_lock(1)'))).code).toBe('ERR_ADVISORY_LOCK_ON_REPLICA');
    const client = await router.replica.connect();
    expect((await failureOf(client.query('SELECT pg_try_advisory_xact_lock_shared(1)'))).code).toBe(
      'ERR_ADVISORY_LOCK_ON_REPLICA',
    );
    client.release();
    expect((await router.write('SELECT pg_advisory_lock(1), pg_advisory_unlock(1)')).rowCount).toBe(1);
  });

  const TAKES_A_LOCK = `CREATE OR REPLACE FUNCTION lock_one() RETURNS bool LANGUAGE sql AS 'SELECT pg_try_advisory_lock(1)';
    CREATE OR REPLACE VIEW one_lock AS SELECT pg_try_advisory_lock(1)`;

  it.each([
    ['a comment before the bracket', 'SELECT pg_try_advisory_lock/**/(1)'],
    ['a name in escapes', 'SELECT U&"pg_try_\\0061dvisory_lock"(1)'],
    ['a function', 'SELECT lock_one()'],
    ['a view', 'SELECT * FROM one_lock'],
  ])('cannot see a lock in %s: two replicas grant it, and no connection is closed for it', async (_where, text) => {
    await lab.primary.query(TAKES_A_LOCK);
    await lab.caughtUp();
    const holders = async (name: Name): Promise<number> =>
      (await lab.region(name).query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1")).length;
    for (const name of ['eu', 'ap'] as const) {
      const router = await startRouter(lab, name, { max: 1 });
      await router.ready();
      await readsLocally(router);
      await router.read(text);
      expect([await holders(name), router.stats().discarded]).toEqual([1, 0]);
    }
  });

  it('leaves a lock of the session on its connection, as a pool of pg does, and ends one of a transaction', async () => {
    const router = await startRouter(lab, 'us', { max: 1 });
    await eventually(() => router.explain('write').action === 'run');
    const held = async (): Promise<number> =>
      (await lab.region('us').query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 2")).length;
    await router.transaction((tx) => tx.query('SELECT pg_advisory_xact_lock(2)'));
    expect(await held()).toBe(0);
    await router.write('SELECT pg_advisory_lock(2)');
    await router.write('SELECT 1');
    expect([await held(), router.stats().discarded]).toEqual([1, 0]);
    const client = await router.primary.connect();
    client.release(true);
    await eventually(async () => (await held()) === 0);
  });

  it('does not read backwards, if asked to see to that', async () => {
    const router = await startRouter(lab, 'eu', { monotonicReads: true });
    const elsewhere = await startRouter(lab, 'ap', { monotonicReads: true, tokenWaitMs: 0 });
    await Promise.all([router.ready(), elsewhere.ready()]);
    await Promise.all([readsLocally(router), readsLocally(elsewhere)]);
    await lab.region('ap').pauseReplay();
    await lab.primary.query("INSERT INTO note (text) VALUES ('monotonic')");
    const count = "SELECT count(*)::int AS n FROM note WHERE text = 'monotonic'";
    await eventually(async () => (await router.read(count)).rows[0]?.['n'] === 1);
    const scope = router.gate.openScope({ tokens: [], access: 'read' });
    await scope.run(() => router.read(count));
    const { seen } = scope.closeHead();
    expect(seen).toBeDefined();
    const other = elsewhere.gate.openScope({ tokens: [seen ?? ''], access: 'read' });
    expect((await other.run(() => elsewhere.read(count))).rows).toEqual([{ n: 1 }]);
    await lab.region('ap').resumeReplay();
    await lab.caughtUp();
  });

  it('does not read backwards over a client of its own or a read-only transaction either', async () => {
    const router = await startRouter(lab, 'eu', { monotonicReads: true });
    await router.write('SELECT 1');
    await readsLocally(router);
    const seenBy = async (read: () => Promise<unknown>) => {
      const scope = router.gate.openScope({ tokens: [], access: 'read' });
      await scope.run(read);
      return createTokenCodec(SECRET).decode(scope.closeHead().seen ?? '');
    };
    const [{ lsn }] = await lab.region('eu').query('SELECT pg_last_wal_replay_lsn()::text AS lsn');
    const over = async (statements: readonly string[]) => {
      const client = await router.pool.connect();
      for (const text of statements) await client.query(text);
      client.release();
    };
    const ways = [
      () => router.read('SELECT 1'),
      () => over(['SELECT 1']),
      () => over(['BEGIN READ ONLY', 'SELECT 1', 'COMMIT']),
      () => router.transaction((tx) => tx.query('SELECT 1'), { readOnly: true }),
    ];
    for (const way of ways) {
      const seen = await seenBy(way);
      expect(seen).toMatchObject({ kind: 'seen', timeline: 1 });
      expect(seen?.lsn).toBeGreaterThanOrEqual(parseLsn(lsn) ?? 0n);
    }
  });

  it('does not read backwards, and goes on reading, where nobody knows yet who the primary is', async () => {
    const router = await startRouter(lab, 'eu', { reach: ['eu'], monotonicReads: true });
    await router.ready();
    expect(router.explain('read').reason).toBe('primary-lost');
    const scope = router.gate.openScope({ tokens: [], access: 'read' });
    const recovering = () => router.read('SELECT pg_is_in_recovery() AS recovering').then(({ rows }) => rows[0]);
    expect(await scope.run(recovering)).toEqual({ recovering: true });
    expect(await scope.run(recovering)).toEqual({ recovering: true });
    const { seen = '' } = scope.closeHead();
    expect(createTokenCodec(SECRET).decode(seen)?.lsn).toBeLessThan(UNKNOWN_LSN);
    const next = router.gate.openScope({ tokens: [seen], access: 'read' });
    expect(await next.run(recovering)).toEqual({ recovering: true });
    expect(router.told('position-unknown')).toEqual([]);

    // Its owner has no name yet: that makes nobody a twin of the primary, where there is one.
    const elsewhere = await startRouter(lab, 'ap');
    await elsewhere.write('SELECT 1');
    const there = elsewhere.gate.openScope({ tokens: [seen], access: 'read' });
    expect((await there.run(() => elsewhere.read('SELECT 1'))).rowCount).toBe(1);
    await elsewhere.write('SELECT 1');
    expect(elsewhere.told('twin-primaries')).toEqual([]);
  });

  it('goes on reading from the primary when it could not learn what a read saw', async () => {
    const readings = { ...postgresReadings, seenPositionSql: 'SELECT pg_current_wal_insert_lsn()::text AS position' };
    const router = await startRouter(lab, 'eu', { monotonicReads: true, readings });
    await router.write('SELECT 1');
    await readsLocally(router);
    const scope = router.gate.openScope({ tokens: [], access: 'read' });
    const recovering = () => router.read('SELECT pg_is_in_recovery() AS recovering').then(({ rows }) => rows[0]);
    expect(await scope.run(recovering)).toEqual({ recovering: true });
    expect(router.told('position-unknown')).toEqual([{ node: 'eu/0' }]);
    expect(await scope.run(recovering)).toEqual({ recovering: false });
    const { seen = '' } = scope.closeHead();
    const next = router.gate.openScope({ tokens: [seen], access: 'read' });
    expect(await next.run(recovering)).toEqual({ recovering: false });
  });

  it('says of every read that it was served stale, if that is what it should do', async () => {
    const router = await startRouter(lab, 'eu', { reach: ['eu'], coldStart: 'trust', onBehind: 'stale', maxLagMs: 50 });
    await router.ready();
    router.gate.learnEpoch({ system: router.gate.highest()?.system ?? '', timeline: 2, owner: 'us/0' }, 'hop');
    await eventually(() => router.explain('read').reason === 'stale');
    await router.read('SELECT 1');
    await router.replica.query('SELECT 1');
    expect(router.told('stale-read')).toEqual([{ node: 'eu/0' }, { node: 'eu/0' }]);
  });

  it('puts a token on the answer only when the request wrote, and says when one came too late', async () => {
    const router = await startRouter(lab, 'us');
    await router.ready();
    const reading = router.gate.openScope({ tokens: [], access: 'read' });
    await reading.run(() => router.pool.query('SELECT 1'));
    expect(reading.closeHead()).toEqual({});
    const writing = router.gate.openScope({ tokens: [], access: 'write' });
    await writing.run(() => router.pool.query("INSERT INTO note (text) VALUES ('in time')"));
    const { written } = writing.closeHead();
    expect(written).toMatch(/^v1\./);
    await writing.run(() => router.pool.query("INSERT INTO note (text) VALUES ('too late')"));
    expect(router.told('token-late')).toHaveLength(1);
  });

  it('reads from the primary when a token does not verify, and never as if there were none', async () => {
    const router = await startRouter(lab, 'eu');
    await router.write('SELECT 1');
    await readsLocally(router);
    const { rows } = await router.run({ token: 'v1.forged.token' }, () =>
      router.read('SELECT pg_is_in_recovery() AS recovering'),
    );
    expect(rows).toEqual([{ recovering: false }]);
    expect(router.told('token-invalid')).toHaveLength(1);
  });
});
