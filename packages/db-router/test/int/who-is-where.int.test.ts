import { createLab } from '@regionkit/lab';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { createRegionRouter, type NoPrimaryError } from '../../src/index.ts';
import { eventually, failureOf, labOfTest, regionsFrom, startRouter } from './lab.ts';

it('says why each node could not be asked: TLS of a server without it, and a wrong password', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  const url = new URL(lab.region('eu').connectionStringFrom('us'));
  url.password = 'wrong';
  const router = await startRouter(lab, 'us', {
    pools: {
      us: new pg.Pool({ connectionString: lab.region('us').connectionString, ssl: true }),
      eu: new pg.Pool({ connectionString: url.href }),
    },
    hold: { timeoutMs: 50 },
  });
  await eventually(() => router.topology().nodes.every(({ code }) => code !== undefined));
  expect(router.topology().nodes.map(({ code }) => code)).toEqual(['tls-not-supported', '28P01']);
  const failure = (await failureOf(router.write('SELECT 1'))) as NoPrimaryError;
  expect(failure.code).toBe('ERR_NO_PRIMARY');
  expect(failure.nodes).toMatchObject([
    { node: 'us/0', state: 'unreachable', code: 'tls-not-supported' },
    { node: 'eu/0', state: 'unreachable', code: '28P01' },
  ]);
  expect(failure.message).toContain('us/0 unreachable tls-not-supported, eu/0 unreachable 28P01');
  expect(JSON.stringify(failure.nodes) + failure.message).not.toContain('wrong');
});

it('names the databases when a logical subscriber is among the pools', async () => {
  const lab = await labOfTest({ regions: ['us'] });
  const other = await labOfTest({ regions: ['eu'] });
  const router = await startRouter(lab, 'us', {
    pools: { us: [lab.region('us').pool(), other.region('eu').pool()] },
    hold: { timeoutMs: 50 },
  });
  await eventually(() => router.topology().state === 'foreign-system');
  const systems = router.topology().nodes.map(({ system }) => system);
  expect(new Set(systems).size).toBe(2);
  const { message } = await failureOf(router.write('SELECT 1'));
  for (const system of systems) expect(message).toContain(`system ${system}`);
});

it('tells once of pools whose URLs are swapped, and nothing where they are not', async () => {
  const lab = await createLab<'us' | 'eu'>({ regions: ['us', 'eu'], roundTripMs: 60 });
  onTestFinished(() => lab.close());
  const [us, eu] = [lab.region('us'), lab.region('eu')];
  const swapped = { us: eu.pool({ from: 'us' }), eu: us.pool({ from: 'us' }) };
  const right = { us: us.pool({ from: 'us' }), eu: eu.pool({ from: 'us' }) };
  const told: string[][] = [[], []];
  for (const [at, pools] of [swapped, right].entries()) {
    const warn = (message: string): void => void told[at]?.push(message);
    const router = createRegionRouter<'us' | 'eu'>({
      regions: regionsFrom('us', ['us', 'eu']) as never,
      pools,
      logger: { info: () => {}, warn, error: warn },
      probe: { intervalMs: 20, alertIntervalMs: 10, timeoutMs: 5_000 },
    });
    onTestFinished(() => router.close());
    await eventually(() => router.topology().state === 'ready');
  }
  const about = (at: number) => told[at]?.filter((message) => message.includes('REGIONKIT_POOLS_SWAPPED'));
  await eventually(() => about(0)?.length === 1);
  expect(about(0)?.[0]).toMatch(
    /eu\/0 answers in \d+ ms and us\/0, of this region, in \d+ ms: their URLs may be swapped/,
  );
  expect(about(1)).toEqual([]);
});
