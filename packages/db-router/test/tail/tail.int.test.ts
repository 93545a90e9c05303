import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  createTailKeeper,
  type TailEvents,
  type TailKeeper,
  type TailKeeperOptions,
  tailDropSql,
  tailSql,
} from '../../src/tail/index.ts';
import { eventually, failureOf, type Name, startRouter, type TestRouter } from '../int/lab.ts';

const STANDBYS = { 'us/0': 'us', 'eu/0': 'eu', 'ap/0': 'ap' };

async function startTailLab(regions: readonly Name[] = ['us', 'eu', 'ap']): Promise<Lab<Name>> {
  const lab = await createLab<Name>({ regions, monitor: true, settings: { wal_level: 'logical' } });
  await lab.primary.query('CREATE TABLE note (id serial PRIMARY KEY, text text NOT NULL UNIQUE)');
  await lab.primary.query(tailSql({ role: 'app' }));
  // It may be applied again.
  await lab.primary.query(tailSql({ role: 'app' }));
  await lab.caughtUp();
  return lab;
}

interface Heard {
  readonly keeper: TailKeeper;
  told<E extends keyof TailEvents>(event: E): readonly TailEvents[E][];
}

function keep(router: TestRouter, options: Partial<TailKeeperOptions> = {}): Heard {
  const keeper = createTailKeeper(router, { standbys: STANDBYS, intervalMs: 100, ...options });
  onTestFinished(() => keeper.close());
  const heard = new Map<keyof TailEvents, unknown[]>();
  for (const event of ['created', 'advanced', 'dropped', 'waiting', 'promotion', 'failed'] as const) {
    heard.set(event, []);
    keeper.on(event, (payload) => heard.get(event)?.push(payload));
  }
  return { keeper, told: (event) => (heard.get(event) ?? []) as never };
}

/** Each tick has a status of its own. */
async function ticks(keeper: TailKeeper, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const before = keeper.status();
    await eventually(() => keeper.status() !== before);
  }
}

const slotOf = async (lab: Lab<Name>, name: Name) =>
  (
    await lab.region(name).query<{ name: string; confirmed: string; plugin: string; two_phase: boolean }>(
      `SELECT slot_name AS name, confirmed_flush_lsn::text AS confirmed, plugin, two_phase FROM pg_replication_slots
       WHERE slot_name = 'regionkit_tail_' || (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
  )[0];

const oneOf = async (lab: Lab<Name>, sql: string, values: unknown[] = []) =>
  (await lab.primary.query<{ is: boolean }>(`SELECT ${sql} AS is`, values))[0]?.is;

describe('a tail keeper on a primary', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startTailLab();
  });
  afterAll(() => lab.close());

  it('makes the slot as the role of the app, moves it to what all standbys have, and not while one is missing', async () => {
    const router = await startRouter(lab, 'us');
    const { keeper, told } = keep(router);
    await eventually(() => keeper.status().state === 'keeping');
    expect(await slotOf(lab, 'us')).toMatchObject({ plugin: 'test_decoding', two_phase: false });
    expect(told('created')).toEqual([{ timeline: 1 }]);

    const [{ at }] = await lab.primary.query('SELECT pg_current_wal_lsn()::text AS at');
    await router.write("INSERT INTO note (text) VALUES ('kept')");
    await eventually(async () => oneOf(lab, '$1::pg_lsn > $2', [(await slotOf(lab, 'us'))?.confirmed, at]));
    expect(keeper.check()).toMatchObject({ status: 'pass', unit: 'B' });

    await lab.region('ap').stop();
    await eventually(() => keeper.status().state === 'waiting');
    expect(keeper.status()).toMatchObject({ why: 'standby-missing', missing: ['ap'] });
    expect(keeper.check()).toMatchObject({ status: 'warn' });
    const before = (await slotOf(lab, 'us'))?.confirmed;
    await router.write("INSERT INTO note (text) VALUES ('not at ap')");
    await ticks(keeper, 5);
    expect((await slotOf(lab, 'us'))?.confirmed).toBe(before);
    await lab.region('ap').start();
    await eventually(async () => (await slotOf(lab, 'us'))?.confirmed !== before);
  });

  it('lets the role of the app move the slot no further than the standbys, and make none of its own', async () => {
    const router = await startRouter(lab, 'us');
    const { keeper } = keep(router);
    await eventually(() => keeper.status().state === 'keeping');
    await keeper.close();
    const failure = await failureOf(router.write("SELECT pg_create_logical_replication_slot('mine', 'test_decoding')"));
    expect(failure.code).toBe('42501');
    await lab.region('ap').freeze();
    await router.write("INSERT INTO note (text) VALUES ('beyond ap')");
    const [{ at }] = await lab.primary.query('SELECT pg_current_wal_lsn()::text AS at');
    await router.write("SELECT regionkit.tail_advance(1, ARRAY['eu', 'ap'], 'FFFFFFFF/0')");
    expect(await oneOf(lab, '$1::pg_lsn < $2', [(await slotOf(lab, 'us'))?.confirmed, at])).toBe(true);
    const before = (await slotOf(lab, 'us'))?.confirmed;
    for (const refused of [
      "regionkit.tail_advance(1, '{}', 'FFFFFFFF/0')",
      "regionkit.tail_advance(1, NULL, 'FFFFFFFF/0')",
      "regionkit.tail_advance(1, '{eu,nobody}', 'FFFFFFFF/0')",
      "regionkit.tail_advance(2, '{eu}', 'FFFFFFFF/0')",
      'regionkit.tail_drop(2, 0)',
      'regionkit.tail_create(2)',
    ]) {
      await router.write(`SELECT ${refused}`);
      expect((await slotOf(lab, 'us'))?.confirmed, refused).toBe(before);
    }
    await lab.region('ap').thaw();
    await lab.caughtUp();
  });

  it('is left to one process by the others', async () => {
    const first = keep(await startRouter(lab, 'us'));
    const second = keep(await startRouter(lab, 'us'));
    const router = await startRouter(lab, 'us');
    let at = 0;
    await eventually(async () => {
      at += 1;
      await router.write('INSERT INTO note (text) VALUES ($1)', [`both ${at}`]);
      return first.told('advanced').length + second.told('advanced').length > 10;
    });
    expect([...first.told('failed'), ...second.told('failed')]).toEqual([]);
  });

  it('drops the slot above maxHeldBytes, says so, and makes it again when all standbys stream', async () => {
    const router = await startRouter(lab, 'us');
    const { keeper, told } = keep(router, { maxHeldBytes: 2 ** 20 });
    await eventually(() => keeper.status().state === 'keeping');
    await lab.region('ap').stop();
    await lab.primary.query(
      'INSERT INTO note (text) SELECT repeat(md5(g::text), 20) || g FROM generate_series(1, 3000) g',
    );
    await eventually(() => told('dropped').length === 1);
    expect(told('dropped')[0]).toMatchObject({ timeline: 1, why: 'held' });
    await eventually(() => keeper.status().state === 'dropped');
    expect(keeper.check()).toMatchObject({ status: 'warn', message: expect.stringContaining('dropped') });
    expect(await slotOf(lab, 'us')).toBeUndefined();
    await lab.region('ap').start();
    await eventually(() => keeper.status().state === 'keeping');
    expect(await slotOf(lab, 'us')).toBeDefined();
  });

  it('says that its SQL was not applied', async () => {
    await lab.primary.query(tailDropSql());
    onTestFinished(() => lab.primary.query(tailSql({ role: 'app' })).then(() => {}));
    expect(await slotOf(lab, 'us')).toBeUndefined();
    const { keeper, told } = keep(await startRouter(lab, 'us'), { logger: { info() {}, warn() {}, error() {} } });
    await eventually(() => told('failed').length > 0);
    expect(told('failed')).toEqual([{ code: '42883' }]);
    expect(keeper.check()).toMatchObject({ status: 'warn' });
  });
});

/** The role that `packages/ops/README.md` makes for the command line. The schema is there before, as that page makes it. */
async function startLabWithOps(schemaGrant: string): Promise<{ lab: Lab<Name>; install(): Promise<unknown> }> {
  const lab = await createLab<Name>({ regions: ['us', 'eu'], monitor: true, settings: { wal_level: 'logical' } });
  await lab.primary.query(`CREATE ROLE ops LOGIN REPLICATION; GRANT pg_monitor TO ops; GRANT app TO ops WITH ADMIN OPTION;
    CREATE SCHEMA regionkit; ${schemaGrant}`);
  return { lab, install: () => lab.primary.query(`SET ROLE ops; ${tailSql({ role: 'app' })}; RESET ROLE`) };
}

describe('the SQL applied by a role that is no superuser', () => {
  it('keeps the tail, although this role may not reset statistics', async () => {
    const { lab, install } = await startLabWithOps('GRANT USAGE, CREATE ON SCHEMA regionkit TO ops WITH GRANT OPTION');
    onTestFinished(() => lab.close());
    await install();
    const { keeper, told } = keep(await startRouter(lab, 'us'), { standbys: { 'us/0': 'us', 'eu/0': 'eu' } });
    await eventually(() => keeper.status().state !== 'idle');
    expect(told('failed')).toEqual([]);
    await eventually(() => keeper.status().state === 'keeping');
    await ticks(keeper, 2);
    expect(await slotOf(lab, 'us')).toMatchObject({ plugin: 'test_decoding' });
  });

  it('is refused as a whole if this role cannot let the app use the schema', async () => {
    const { lab, install } = await startLabWithOps('GRANT USAGE, CREATE ON SCHEMA regionkit TO ops');
    onTestFinished(() => lab.close());
    expect(await failureOf(install())).toMatchObject({
      message: expect.stringContaining('GRANT USAGE ON SCHEMA regionkit TO'),
    });
    expect(await lab.primary.query("SELECT FROM pg_proc WHERE proname = 'tail_look'")).toEqual([]);
  });
});

describe('a tail keeper over a failover', () => {
  it('records the new timeline, keeps its own slot there, and leaves the slot of the old primary as it was', async () => {
    const lab = await startTailLab();
    onTestFinished(() => lab.close());
    const us = keep(await startRouter(lab, 'us'), { maxHeldBytes: 2 ** 20 });
    const eu = keep(await startRouter(lab, 'eu'));
    await eventually(() => us.keeper.status().state === 'keeping' && eu.keeper.status().state === 'keeping');
    await lab.region('us').kill();
    const { fork, timeline } = await lab.failover({ to: 'eu' });
    await eventually(async () => (await slotOf(lab, 'eu')) !== undefined);
    await eventually(async () => oneOf(lab, 'EXISTS (SELECT FROM regionkit.tail WHERE recorded_at IS NOT NULL)'));
    const [row] = await lab
      .region('eu')
      .query('SELECT timeline, fork::text, first_xid::text AS xid FROM regionkit.tail WHERE recorded_at IS NOT NULL');
    expect(row).toMatchObject({ timeline, fork });
    expect(BigInt(row?.xid)).toBeGreaterThan(0n);

    await lab.region('us').returnAsIs();
    const before = await slotOf(lab, 'us');
    expect(before).toBeDefined();
    // More than the keeper of us lets a slot hold, if it acted there.
    await lab
      .region('us')
      .query('INSERT INTO note (text) SELECT repeat(md5(g::text), 20) || g FROM generate_series(1, 3000) g');
    await ticks(us.keeper, 5);
    await ticks(eu.keeper, 5);
    expect(await slotOf(lab, 'us')).toEqual(before);
    expect(us.told('dropped').filter(({ timeline }) => timeline === 1)).toEqual([]);
  });

  it.each([
    ['the true fork', true],
    ['no fork, if its SQL may not read the history,', false],
  ])('records %s although the new primary crashed before a keeper looked', async (_what, mayRead) => {
    const lab = await startTailLab();
    onTestFinished(() => lab.close());
    // As where a role with REPLICATION and pg_monitor has applied the SQL.
    if (!mayRead) await lab.primary.query('ALTER FUNCTION regionkit.tail_fork(integer) OWNER TO app');
    await lab.caughtUp();
    await lab.region('us').kill();
    const { fork, timeline } = await lab.failover({ to: 'eu' });
    await lab.primary.query('CHECKPOINT');
    await lab.primary.query("INSERT INTO note (text) VALUES ('after the fork')");
    await lab.region('eu').kill();
    await lab.region('eu').start();
    // What the server has replayed last is the end of its crash recovery.
    expect(await oneOf(lab, 'pg_last_wal_replay_lsn() > $1::pg_lsn', [fork])).toBe(true);
    await lab.region('us').rejoin();
    const { told } = keep(await startRouter(lab, 'eu'));
    await eventually(() => told('promotion').length === 1);
    expect(told('promotion')).toMatchObject([{ timeline, fork: mayRead ? fork : undefined }]);
  });

  it('records the fork although a transaction that stays open keeps it from making the slot', async () => {
    const lab = await startTailLab(['us', 'eu']);
    onTestFinished(() => lab.close());
    await lab.region('us').kill();
    const { fork, timeline } = await lab.failover({ to: 'eu' });
    await lab.region('us').rejoin();
    const pool = lab.region('eu').pool({ max: 1 });
    onTestFinished(() => pool.end());
    const client = await pool.connect();
    await client.query("BEGIN; INSERT INTO note (text) VALUES ('open for long')");
    const { keeper, told } = keep(await startRouter(lab, 'eu'), {
      standbys: { 'us/0': 'us', 'eu/0': 'eu' },
      timeoutMs: 500,
    });
    await eventually(() => told('failed').length > 0);
    expect(told('failed')).toEqual([{ code: '57014' }]);
    expect(told('promotion')).toMatchObject([{ timeline, fork }]);
    await client.query('COMMIT');
    client.release();
    await eventually(() => told('created').length === 1);
    expect(keeper.status().state).not.toBe('failed');
  });

  it('counts the making of the slot as a tick', async () => {
    const lab = await startTailLab(['us', 'eu']);
    onTestFinished(() => lab.close());
    await lab.primary.query('SELECT regionkit.tail_create(1)');
    const rows = await lab.primary.query('SELECT stats_reset IS NOT NULL AS ticked FROM pg_stat_replication_slots');
    expect(rows).toEqual([{ ticked: true }]);
  });

  it('ticks without a write: no WAL, no transaction number, and nothing that a failover could lose', async () => {
    const lab = await startTailLab(['us', 'eu']);
    onTestFinished(() => lab.close());
    const { keeper, told } = keep(await startRouter(lab, 'us'), { standbys: { 'us/0': 'us', 'eu/0': 'eu' } });
    await eventually(() => keeper.status().state === 'keeping');
    const last = async () =>
      (await lab.primary.query<{ at: Date }>('SELECT stats_reset AS at FROM pg_stat_replication_slots'))[0]?.at;
    const next = async () =>
      (await lab.primary.query<{ xid: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid'))[0]?.xid;
    await ticks(keeper, 2);
    const [lastBefore, xidBefore] = [await last(), await next()];
    await ticks(keeper, 5);
    expect(Number(await last())).toBeGreaterThan(Number(lastBefore));
    expect(await next()).toBe(xidBefore);
    expect(told('failed')).toEqual([]);
  });

  it('keeps a slot on the new primary after a switchover', async () => {
    const lab = await startTailLab(['us', 'eu']);
    onTestFinished(() => lab.close());
    const router = await startRouter(lab, 'eu');
    const { told } = keep(router, { standbys: { 'us/0': 'us', 'eu/0': 'eu' } });
    await eventually(() => told('created').length === 1);
    await lab.switchover({ to: 'eu' });
    await eventually(() => told('created').some(({ timeline }) => timeline === 2));
    await router.write("INSERT INTO note (text) VALUES ('after')");
    await eventually(() => told('advanced').some(({ timeline }) => timeline === 2));
  });
});
