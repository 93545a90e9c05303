import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createTailKeeper, type TailKeeper, type TailKeeperOptions, tailSql } from '@regionkit/db-router/tail';
import { createHealth } from '@regionkit/health';
import { createLab, type Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { webServer } from './front/web-server.ts';
import { alter, doctor, eventually, findings, found, HEALTHY, regionsOf, writeSegments } from './plant.ts';

type Name = 'us' | 'eu';

let lab: Lab<Name>;

beforeAll(async () => {
  lab = await createLab({
    regions: ['us', 'eu'],
    settings: { ...HEALTHY, wal_level: 'logical', max_slot_wal_keep_size: '4GB' },
  });
});

afterAll(() => lab?.close());

const REGIONS = (self: Name) =>
  defineRegions<Name, string>({
    self,
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  });

/** A process of the app in a region, with a keeper. */
async function keep(self: Name, options: Partial<TailKeeperOptions> = {}): Promise<TailKeeper> {
  const pools = Object.fromEntries(
    lab.regions.map(({ name }) => [name, lab.region(name).pool({ max: 3, ...(name !== self && { from: self }) })]),
  ) as Record<Name, pg.Pool>;
  const router = createRegionRouter<Name>({
    regions: REGIONS(self),
    pools,
    writes: 'remote-pool',
    token: { secret: 'a secret of the tests, long enough to be one' },
    probe: { intervalMs: 1_000, alertIntervalMs: 50, timeoutMs: 1_000 },
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  onTestFinished(() => router.close());
  const standbys = { 'us/0': 'us', 'eu/0': 'eu' };
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const keeper = createTailKeeper(router, { standbys, intervalMs: 100, logger, ...options });
  onTestFinished(() => keeper.close());
  return keeper;
}

const isKeeping = async (keeper: TailKeeper): Promise<void> =>
  eventually(async () => keeper.status().state === 'keeping');

const examine = (...args: string[]) => doctor({ regions: regionsOf(lab) }, ...args);

const slots = () =>
  lab.primary.query<{ name: string; status: string }>(
    "SELECT slot_name AS name, wal_status AS status FROM pg_replication_slots WHERE slot_type = 'logical'",
  );

describe('regionkit doctor and the tail of a real primary', () => {
  it('notes that a keeper could be installed, which is no fault, also with --strict', async () => {
    const ran = await examine('--strict');
    expect(found(ran)).toEqual(['note no-tail-keeper us/0']);
    expect(ran.exit).toBe(0);
  });

  it('says so if a role without a right on the schema asks', async () => {
    await lab.primary.query('CREATE SCHEMA regionkit');
    onTestFinished(() => lab.primary.query('DROP SCHEMA regionkit').then(() => {}));
    await lab.caughtUp();
    expect(found(await examine())).toEqual(['note no-tail-keeper us/0']);
  });

  it('finds that the functions are installed and there is no slot', async () => {
    await lab.primary.query(tailSql({ role: 'app' }));
    await lab.caughtUp();
    const ran = await examine();
    expect(found(ran)).toEqual(['fault tail-not-kept us/0']);
    expect(findings(ran)[0]?.evidence).toMatch(/^us\/0 has no slot regionkit_tail_\d+\.$/);
  });

  it('finds nothing while a keeper ticks', async () => {
    await isKeeping(await keep('us'));
    expect(found(await examine())).toEqual([]);
  });

  it('finds that Patroni would drop the slot', async () => {
    await isKeeping(await keep('us'));
    const [slot] = await slots();
    let ignored: object[] = [{ name: 'another' }];
    const patroni = await webServer((_request, response) =>
      response.end(JSON.stringify({ postgresql: {}, ignore_slots: ignored })),
    );
    const { us, eu } = regionsOf(lab);
    const ask = () => doctor({ regions: { us: { ...us, patroni }, eu: { ...eu } } });
    const ran = await ask();
    expect(found(ran)).toEqual(['fault manager-drops-tail us']);
    expect(findings(ran)[0]?.fix).toContain(`ignore_slots: [{ name: ${slot?.name}, type: logical }]`);
    ignored = [{ name: slot?.name, type: 'logical' }];
    expect(found(await ask())).toEqual([]);
  });

  it('finds that the keeper ticks no more', async () => {
    const keeper = await keep('us', { timeoutMs: 1_000 });
    await isKeeping(keeper);
    await keeper.close();
    await eventually(async () => {
      const [row] = await lab.primary.query<{ late: boolean }>(
        "SELECT clock_timestamp() - stats_reset > '1.3 s' AS late FROM pg_stat_replication_slots",
      );
      return row?.late === true;
    });
    const ran = await examine();
    expect(found(ran)).toEqual(['fault tail-not-ticking us/0']);
    expect(findings(ran)[0]?.evidence).toMatch(/^No tail keeper has ticked on us\/0 for [\d.]+ s\.$/);
  });

  it('finds that the slot is nearly full: an open transaction holds it', async () => {
    const client = new pg.Client({ connectionString: lab.region('us').adminConnectionString });
    await client.connect();
    await client.query('BEGIN; SELECT pg_current_xact_id()');
    onTestFinished(() => client.end());
    const keeper = await keep('us', { maxHeldBytes: 38 * 1_024 ** 2 });
    await isKeeping(keeper);
    await writeSegments(lab.region('us'), 2);
    await lab.caughtUp();
    const ran = await examine();
    expect(found(ran)).toEqual(['warning tail-nearly-full us/0']);
    expect(findings(ran)[0]?.evidence).toMatch(
      /^The slot regionkit_tail_\d+ of us\/0 holds 3\d MB of WAL\. The keeper drops it above 38 MB\.$/,
    );
  });

  it('finds that a server from PostgreSQL 18 on would invalidate the slot of an old primary', async () => {
    await isKeeping(await keep('us'));
    const us = lab.region('us');
    const name = 'idle_replication_slot_timeout';
    const isKnown = (await us.query('SELECT FROM pg_settings WHERE name = $1', [name])).length === 1;
    if (isKnown) await alter(us, name, "'1h'");
    const ran = await examine();
    if (isKnown) await alter(us, name, undefined);
    expect(found(ran)).toEqual(isKnown ? ['warning tail-not-kept us/0'] : []);
  });

  it('finds that the slot was made by something else', async () => {
    const [mine] = await slots();
    await lab.primary.query('SELECT pg_drop_replication_slot($1)', [mine?.name]);
    await lab.primary.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [mine?.name]);
    const keeper = await keep('us');
    await eventually(async () => keeper.status().why === 'foreign-slot');
    const ran = await examine();
    expect(found(ran)).toEqual(['fault tail-not-kept us/0']);
    expect(findings(ran)[0]?.evidence).toMatch(/was not made by a keeper/);
    await lab.primary.query('SELECT pg_drop_replication_slot($1)', [mine?.name]);
    await isKeeping(keeper);
  });

  it('finds that the slot has lost its WAL, once, and the keeper makes it again', async () => {
    const us = lab.region('us');
    const keeper = await keep('us');
    await isKeeping(keeper);
    await keeper.close();
    await alter(us, 'wal_keep_size', "'0'");
    await alter(us, 'max_slot_wal_keep_size', "'1MB'");
    await writeSegments(us, 3);
    await lab.caughtUp();
    await us.query('CHECKPOINT');
    await eventually(async () => (await slots())[0]?.status === 'lost');
    await alter(us, 'wal_keep_size', undefined);
    await alter(us, 'max_slot_wal_keep_size', undefined);
    const ran = await examine();
    expect(found(ran)).toEqual(['fault tail-not-kept us/0']);
    expect(findings(ran)[0]?.evidence).toMatch(
      /^The slot regionkit_tail_\d+ of us\/0 has lost its WAL( \(wal_removed\))?\.$/,
    );
    const next = await keep('us');
    await eventually(async () => (await slots())[0]?.status === 'reserved' && next.status().state === 'keeping');
    expect(found(await examine())).toEqual([]);
  });

  it('finds that a keeper has dropped the slot above its limit, as its event and the health check say', async () => {
    const keeper = await keep('us', { maxHeldBytes: 1_024 ** 2 });
    const health = createHealth({
      regions: REGIONS('us'),
      logger: { info: () => {}, warn: () => {}, error: () => {} },
    });
    onTestFinished(() => health.close());
    health.check('tail', keeper.check);
    const dropped: unknown[] = [];
    keeper.on('dropped', (event) => dropped.push(event));
    await isKeeping(keeper);
    await lab.region('eu').stop();
    await writeSegments(lab.region('us'), 1);
    await eventually(async () => keeper.status().state === 'dropped');
    expect(dropped).toMatchObject([{ timeline: 1, why: 'held' }]);
    expect(keeper.check()).toMatchObject({ status: 'warn' });
    const ran = await examine();
    expect(found(ran)).toEqual(['unknown unreachable eu/0', 'fault tail-not-kept us/0']);
    expect(findings(ran)[1]?.evidence).toMatch(/a keeper has dropped it, because it held more than maxHeldBytes/);
    await lab.region('eu').start();
    await lab.caughtUp();
    await isKeeping(keeper);
    expect(found(await examine())).toEqual([]);
  });

  it('finds after a promotion that nothing was recorded, until a keeper ticks there', async () => {
    await lab.switchover({ to: 'eu' });
    await lab.primary.query('CHECKPOINT');
    await lab.caughtUp();
    const ran = await examine();
    expect(found(ran)).toEqual([
      'fault tail-not-kept eu/0',
      'warning tail-left-behind us/0',
      'warning fork-not-recorded eu/0',
    ]);
    expect(findings(ran)[2]?.evidence).toBe('regionkit.tail of eu/0 does not say where timeline 2 begins.');
    const [slot] = await lab.region('us').query('SELECT slot_name AS name FROM pg_replication_slots');
    await lab.region('us').query('SELECT pg_drop_replication_slot($1)', [slot?.name]);
    await isKeeping(await keep('eu'));
    await eventually(async () => (await examine()).records.length === 1);
    expect(found(await examine())).toEqual([]);
  });
});
