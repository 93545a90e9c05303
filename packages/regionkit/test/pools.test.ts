import { requestView } from '@regionkit/core/testing';
import { fakeRouter } from '@regionkit/db-router/testing';
import { createOperatorDoor } from '@regionkit/health/operator';
import { Pool } from 'pg';
import { describe, expect, it } from 'vitest';
import { poolOptions } from '../../ops/src/doctor/checks/pool-options.ts';
import { readPoolLimits } from '../../ops/src/operator/pool-limits.ts';
import { createRegionKit, type RegionKit, type RegionKitOptions } from '../src/index.ts';
import { type Name, options, SECRET, URL_HERE, watchWarnings } from './support.ts';

watchWarnings();
const TOKEN = 'an-operator-token-of-32-bytes-or-more';
const { databaseUrl: _, ...others } = options;

/** What the doctor reads of the pools of a kit, by the operator door. */
function limitsOf({ regions, router, health, pools }: RegionKit<Name, undefined, undefined>) {
  const door = createOperatorDoor({ regions, router, health, pools, token: TOKEN });
  const answer = door.decide(
    requestView({ target: '/operator/status', headers: { authorization: `Bearer ${TOKEN}` } }),
  ) as { body: string };
  return readPoolLimits((JSON.parse(answer.body) as { pools: unknown }).pools);
}

/** What the doctor finds in them. */
function foundIn(kit: RegionKit<Name, undefined, undefined>): readonly string[] {
  const process = { region: 'eu-west-1', pools: limitsOf(kit) };
  const facts = { processes: [process], silentDoors: [] } as never;
  return [...poolOptions.find(facts)].map(({ level, evidence }) => `${level}: ${evidence}`);
}

type Databases = Pick<RegionKitOptions<Name>, 'databaseUrl' | 'databaseUrls' | 'poolConfig'>;

describe('the pools of a kit', () => {
  it.each<[string, Databases]>([
    ['databaseUrl', { databaseUrl: URL_HERE }],
    [
      'databaseUrls of several servers',
      { databaseUrls: { 'eu-west-1': [URL_HERE, `${URL_HERE}2`], 'us-east-1': `${URL_HERE}3` } },
    ],
    ['databaseUrl and other options of the pools', { databaseUrl: URL_HERE, poolConfig: { max: 3 } }],
    [
      'databaseUrl and options that are not set',
      {
        databaseUrl: URL_HERE,
        poolConfig: { keepAlive: undefined, connectionTimeoutMillis: undefined, query_timeout: undefined },
      },
    ],
    ['a limit for statements of the app', { databaseUrl: URL_HERE, poolConfig: { statement_timeout: 120_000 } }],
    ['a limit for statements in the URL', { databaseUrl: `${URL_HERE}?statement_timeout=120000` }],
  ])('made from %s satisfy the doctor', async (_name, databases) => {
    await using kit = createRegionKit({ ...others, ...databases });
    expect(limitsOf(kit).length).toBeGreaterThan(0);
    expect(foundIn(kit)).toEqual([]);
  });

  it.each<[string, Databases, object]>([
    [
      'poolConfig',
      { databaseUrl: URL_HERE, poolConfig: { query_timeout: 90_000, connectionTimeoutMillis: 100 } },
      { queryTimeoutMs: 90_000, connectionTimeoutMs: 100 },
    ],
    [
      'a longer statement_timeout',
      { databaseUrl: URL_HERE, poolConfig: { statement_timeout: 120_000 } },
      { queryTimeoutMs: 0, statementTimeoutMs: 120_000 },
    ],
    ['the URL', { databaseUrl: `${URL_HERE}?query_timeout=90000` }, { queryTimeoutMs: 90_000 }],
    ['poolConfig without a limit', { databaseUrl: URL_HERE, poolConfig: { query_timeout: 0 } }, { queryTimeoutMs: 0 }],
  ])('have the limits that %s gives', async (_name, databases, limits) => {
    await using kit = createRegionKit({ ...others, ...databases });
    expect(limitsOf(kit)).toEqual([expect.objectContaining({ where: 'eu-west-1/0', ...limits })]);
  });

  it('ask a silent server after seconds whether it is still there, and not after the two hours of the system', async () => {
    await using kit = createRegionKit({ ...others, databaseUrl: URL_HERE });
    const [pool] = [kit.pools?.['eu-west-1']].flat();
    expect(pool?.options).toMatchObject({ keepAlive: true, keepAliveInitialDelayMillis: 10_000 });
  });

  it('are those of the app where it gave them, and the doctor says what they lack', async () => {
    const pool = new Pool({ connectionString: URL_HERE });
    await using kit = createRegionKit({ ...others, pools: { 'eu-west-1': pool } });
    expect(kit.pools).toEqual({ 'eu-west-1': pool });
    expect(foundIn(kit)).toHaveLength(3);
    await kit.close({ pools: true });
  });

  it('are not known where the app gave the router', async () => {
    await using made = createRegionKit(options);
    const router = fakeRouter({ self: 'eu-west-1', regions: made.regions });
    await using kit = createRegionKit({ regions: made.regions, secret: SECRET, cookieDomain: 'example.com', router });
    expect(kit.pools).toBeUndefined();
  });
});
