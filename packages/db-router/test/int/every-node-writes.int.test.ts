import { expect, it } from 'vitest';
import { everyNodeWrites } from '../../src/index.ts';
import { eventually, failureOf, labOfTest, type Name, startRouter } from './lab.ts';

/** Two servers that both take writes, as the nodes of such an engine do. What is written to one is not on the other. */
async function engineOfTest() {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  await lab.region('eu').promote({ follow: false });
  for (const name of ['us', 'eu'] as const) {
    await lab.region(name).query('CREATE SEQUENCE tries');
    // An engine that lets the later of two transactions lose, twice of three times. A sequence is not rolled back.
    await lab.region(name).query(`CREATE FUNCTION contend() RETURNS bigint LANGUAGE plpgsql AS $$
      DECLARE try bigint := nextval('tries');
      BEGIN
        IF try % 3 <> 0 THEN RAISE 'restart transaction' USING ERRCODE = '40001'; END IF;
        RETURN try;
      END $$`);
    await lab.region(name).query('GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app');
  }
  const start = (self: Name, reach?: readonly Name[]) =>
    startRouter(lab, self, {
      ...(reach !== undefined && { reach }),
      readings: everyNodeWrites('orders'),
      writes: 'remote-pool',
      coldStart: 'trust',
      probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 500 },
      maxViewAgeMs: 2_000,
    });
  return { lab, start };
}

it('writes and reads on the nearest node in every region, with no token and no position asked', async () => {
  const { lab, start } = await engineOfTest();
  for (const self of ['us', 'eu'] as const) {
    const router = await start(self);
    await router.run({}, async () => {
      await router.write('INSERT INTO note (text) VALUES ($1)', [`from ${self}`]);
      await router.transaction((tx) => tx.query('INSERT INTO note (text) VALUES ($1)', [`tx from ${self}`]));
      await router.batch([{ text: 'INSERT INTO note (text) VALUES ($1)', values: [`batch from ${self}`] }]);
      expect((await router.read('SELECT count(*)::int AS count FROM note')).rows).toEqual([{ count: 3 }]);
      expect(router.token()).toBeUndefined();
    });
    expect(router.topology()).toMatchObject({ state: 'ready', primary: { region: self, node: `${self}/0` } });
    expect(router.explain('write').reason).toBe('local-primary');
    expect(router.told('position-unknown')).toEqual([]);
    expect(router.told('twin-primaries')).toEqual([]);
    expect(await lab.region(self).query('SELECT count(*)::int AS count FROM note')).toEqual([{ count: 3 }]);
  }
});

it('runs again what lost against another, after a random wait that grows', async () => {
  const { start } = await engineOfTest();
  const router = await start('us');
  await router.write('SELECT 1');
  expect((await router.write('SELECT contend()')).rowCount).toBe(1);
  const runs: number[] = [];
  const value = await router.transaction(
    async (tx) => {
      runs.push(runs.length);
      return (await tx.query<{ contend: string }>('SELECT contend()')).rows[0]?.contend;
    },
    { retry: { attempts: 6, backoff: { baseMs: 4 } } },
  );
  expect(Number(value) % 3).toBe(0);
  expect(runs).toHaveLength(3);
  expect((await router.batch([{ text: 'SELECT contend()' }]))[0]?.rowCount).toBe(1);
  const invalid = await failureOf(router.transaction(async () => {}, { retry: { backoff: { baseMs: -1 } } }));
  expect(invalid).toBeInstanceOf(RangeError);
});

it('goes to the next node when the nearest is gone, and comes back to it', async () => {
  const { lab, start } = await engineOfTest();
  const router = await start('us');
  await router.write("INSERT INTO note (text) VALUES ('near')");
  await lab.region('us').stop();
  await router.write("INSERT INTO note (text) VALUES ('far')");
  expect(router.topology()).toMatchObject({ state: 'ready', primary: { region: 'eu', node: 'eu/0' } });
  await lab.region('us').returnAsIs();
  await eventually(() => router.explain('write').node === 'us/0');
  await router.write("INSERT INTO note (text) VALUES ('near again')");
  expect(await lab.region('eu').query('SELECT text FROM note')).toEqual([{ text: 'far' }]);
});
