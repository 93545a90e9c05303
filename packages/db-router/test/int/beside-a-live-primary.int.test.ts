import pg from 'pg';
import { expect, it } from 'vitest';
import { postgresReadings } from '../../src/topology/readings.ts';
import { eventually, labOfTest, sleep, startRouter } from './lab.ts';

const QUIET = { intervalMs: 600_000, alertIntervalMs: 50, timeoutMs: 2_000 };

it('fences a primary that lives as soon as writes flow beside a standby that was promoted, without being due to ask', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  const router = await startRouter(lab, 'us', { probe: QUIET, maxViewAgeMs: 700_000 });
  await router.write('SELECT 1');
  let stop = false;
  const writing = (async () => {
    for (let at = 0; !stop; at += 1) {
      await router.write('INSERT INTO note (text) VALUES ($1)', [`w${at}`]).catch(() => {});
      await sleep(5);
    }
  })();
  await lab.region('eu').promote({ follow: false });
  await eventually(() => router.told('fenced').length > 0);
  await eventually(() => router.explain('write').node === 'eu/0');
  stop = true;
  await writing;
  expect(router.told('fenced')).toMatchObject([{ node: 'us/0' }]);
});

it('learns that a standby has let go from the very question that a write asks for its position', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  const asked: string[] = [];
  // On the connection: the query goes out with the write, and not through `client.query()`.
  class Heard extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super(config);
      const connection = this.connection as unknown as { query(text: string): void };
      const { query } = connection;
      connection.query = (text) => {
        asked.push(text);
        query.call(connection, text);
      };
    }
  }
  const pool = { us: lab.region('us').pool({ Client: Heard } as never), eu: lab.region('eu').pool({ from: 'us' }) };
  const router = await startRouter(lab, 'us', { pools: pool, probe: QUIET, maxViewAgeMs: 700_000 });
  await router.write('SELECT 1');
  asked.length = 0;
  await router.run({}, () => router.write("INSERT INTO note (text) VALUES ('one')"));
  const behind = asked.filter(
    (text) => text.includes('pg_current_wal_insert_lsn') && !text.includes('system_identifier'),
  );
  expect(behind).toEqual([postgresReadings.insertPositionSql]);
  const [row] = await lab.region('us').query(postgresReadings.insertPositionSql);
  expect(row).toMatchObject({ senders: '1' });
  await lab.region('eu').promote({ follow: false });
  await eventually(async () => {
    const [now] = await lab.region('us').query(postgresReadings.insertPositionSql);
    return now?.['senders'] === '0';
  });
});

it('probes the other nodes at once, and again and again, when one standby less is attached behind a write', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  await lab.region('us').query('CREATE TABLE attached AS SELECT 2 AS senders');
  await lab.region('us').query('GRANT SELECT ON attached TO app');
  await lab.caughtUp();
  const readings = {
    ...postgresReadings,
    insertPositionSql: 'SELECT pg_current_wal_insert_lsn()::text AS position, senders::text FROM attached',
  };
  let probes = 0;
  class Counted extends pg.Client {
    override query(...given: never[]): never {
      if ((given[0] as unknown) === postgresReadings.sql) probes += 1;
      return super.query(...(given as unknown as Parameters<pg.Client['query']>)) as never;
    }
  }
  const pools = { us: lab.region('us').pool(), eu: lab.region('eu').pool({ from: 'us', Client: Counted } as never) };
  const router = await startRouter(lab, 'us', { pools, readings, probe: QUIET, maxViewAgeMs: 700_000 });
  const write = (text: string) => router.run({}, () => router.write('INSERT INTO note (text) VALUES ($1)', [text]));
  await write('two are attached');
  await lab.region('us').query('UPDATE attached SET senders = 1');
  const before = probes;
  await write('one is attached');
  // A flow of writes alone has each node probed once a second, and it ends two seconds after the last write.
  await eventually(() => probes - before > 6);
});

it('follows the next promotion of a cluster that was taken back, though it makes the timeline again that was void', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  const router = await startRouter(lab, 'us', { hold: { timeoutMs: 60_000 } });
  await router.write('SELECT 1');
  await lab.region('eu').promote({ follow: false });
  await eventually(() => router.explain('write').node === 'eu/0');
  await lab.region('eu').rejoin({ of: 'us' });
  await eventually(() => router.topology().state === 'epoch-regressed');
  await router.resetEpoch('the cluster was taken back');
  await router.write("INSERT INTO note (text) VALUES ('on the older timeline')");
  await lab.caughtUp();
  await eventually(() => router.topology().nodes[1]?.state === 'replica');
  await lab.region('us').kill();
  expect(await lab.failover({ to: 'eu' })).toMatchObject({ timeline: 2 });
  await router.write("INSERT INTO note (text) VALUES ('on the new one of its number')");
  expect(router.topology()).toMatchObject({ state: 'ready', primary: { node: 'eu/0', epoch: { timeline: 2 } } });
  expect(await lab.primary.query('SELECT text FROM note')).toHaveLength(2);
});
