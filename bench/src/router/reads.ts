import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import type { Lab } from '@regionkit/lab';
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text, withReplicas } from 'drizzle-orm/pg-core';
import { Kysely, PostgresDialect } from 'kysely';
import { KyselyReplicationDialect } from 'kysely-replication';
import { RoundRobinReplicaStrategy } from 'kysely-replication/strategy/round-robin';
import pg, { type Pool } from 'pg';
import { callsInFlight, type Sample } from '../sample.ts';
import { type Contender, runTrial, type TrialResult } from '../trial.ts';
import { openAws } from './aws-wrapper.ts';
import { inFlight } from './in-flight.ts';
import {
  CONNECTIONS,
  direct,
  directPool,
  HERE,
  keysInTurn,
  type Name,
  routerIn,
  SECRET,
  SELECT,
  THERE,
} from './setting.ts';
import { tokensOf } from './tokens.ts';

/** One row by key from the replica next door, through every way to get it. */
export async function reading(router: RegionRouter<Name>, lab: Lab<Name>): Promise<TrialResult[]> {
  const next = keysInTurn();
  const pool = directPool(lab.region(THERE));
  const primary = directPool(lab.region(HERE));
  const kv = pgTable('kv', { k: integer().primaryKey(), v: text() });
  const plainDrizzle = drizzle(pool);
  const split = withReplicas(drizzle(primary), [plainDrizzle]);
  const onRouter = drizzle(router.replica);
  const kysely = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const replicated = new Kysely<Database>({
    dialect: new KyselyReplicationDialect({
      primaryDialect: new PostgresDialect({ pool: primary }),
      replicaDialects: [new PostgresDialect({ pool })] as const,
      replicaStrategy: new RoundRobinReplicaStrategy({}),
    }),
  });
  const kyselyOnRouter = new Kysely<Database>({ dialect: new PostgresDialect({ pool: router.replica }) });
  const aws = await openAws(lab);

  const withDrizzle = (db: Pick<typeof plainDrizzle, 'select'>) => () =>
    db.select({ v: kv.v }).from(kv).where(eq(kv.k, next())).execute();
  const withKysely = (db: Kysely<Database>) => () => db.selectFrom('kv').select('v').where('k', '=', next()).execute();
  const calls: readonly (readonly [name: string, call: (place: number) => Promise<unknown>])[] = [
    ['pg pool.query', () => pool.query(SELECT, [next()])],
    ['regionkit read', () => router.read(SELECT, [next()])],
    ['regionkit replica.query', () => router.replica.query(SELECT, [next()])],
    ['drizzle', withDrizzle(plainDrizzle)],
    ['drizzle withReplicas', withDrizzle(split)],
    ['regionkit replica in drizzle', withDrizzle(onRouter)],
    ['kysely', withKysely(kysely)],
    ['kysely-replication', withKysely(replicated)],
    ['regionkit replica in kysely', withKysely(kyselyOnRouter)],
    ['AWS wrapper, setReadOnly', (place) => aws.read(place, next())],
  ];
  const results: TrialResult[] = [];
  for (const count of [1, CONNECTIONS]) {
    results.push(
      await runTrial({
        title: `one row by key from the replica, ${count} in flight`,
        baseline: 'pg pool.query',
        metrics: ['opsPerSecond', 'mainMicrosPerOp', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
        contenders: calls.map(([name, call]) => inFlight(count)(name, call)),
        bars: [
          {
            contender: 'regionkit read',
            against: 'pg pool.query',
            metric: 'opsPerSecond',
            atLeast: 0.99,
            by: 'paired',
          },
          { contender: 'regionkit read', against: 'pg pool.query', metric: 'p50Ms', atMost: 1.03, by: 'paired' },
          {
            contender: 'regionkit read',
            against: 'pg pool.query',
            metric: 'mainMicrosPerOp',
            atMost: 1.05,
            by: 'low tenth',
          },
        ],
        notes: [
          'Each contender has up to 32 direct connections to the server. The AWS wrapper has one client for each call in flight, and each is set to read only once. It finds the reader in the list of hosts of its connection string, because plain PostgreSQL has no topology that it can read.',
          'A router that decides nothing takes 1.03 of the processor time. What the checks cost, and which bars can be defended, is in docs/decisions/0049-what-a-statement-must-cost.md.',
        ],
        // Many and short: which core a backend wakes on changes everything for a while.
        rounds: 60,
        durationMs: 40,
      }),
    );
  }
  await Promise.all([aws.close(), pool.end(), primary.end()]);
  results.push(await readingInTurn(lab));
  return results;
}

/** More calls than connections: each waits for one, as under load with the pools of most apps. */
async function readingInTurn(lab: Lab<Name>): Promise<TrialResult> {
  const next = keysInTurn();
  const pool = directPool(lab.region(THERE), FEW);
  const router = await routerIn(THERE, lab, FEW);
  const contender = inFlight(CONNECTIONS);
  const result = await runTrial({
    title: `one row by key from the replica, ${CONNECTIONS} in flight over ${FEW} connections`,
    baseline: 'pg pool.query',
    metrics: ['opsPerSecond', 'mainMicrosPerOp', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
    contenders: [
      contender('pg pool.query', () => pool.query(SELECT, [next()])),
      contender('regionkit read', () => router.read(SELECT, [next()])),
      contender('regionkit replica.query', () => router.replica.query(SELECT, [next()])),
    ],
    bars: [
      {
        contender: 'regionkit read',
        against: 'pg pool.query',
        metric: 'mainMicrosPerOp',
        atMost: 1.3,
        by: 'low tenth',
      },
    ],
    notes: [
      'A call that waits is remembered with its async context, and can be refused while it waits: see docs/decisions/0053-a-call-goes-on-in-the-context-of-its-caller.md.',
    ],
    rounds: 60,
    durationMs: 40,
  });
  await Promise.all([router.close({ pools: true }), pool.end()]);
  return result;
}

/** As many connections as a pool of node-postgres opens by itself, about. */
const FEW = 8;

interface Database {
  kv: { k: number; v: string };
}

/** Reads of a client that returns its token, and how many statements reach a server for each. */
export async function readingCausally(lab: Lab<Name>, writer: RegionRouter<Name>): Promise<TrialResult> {
  let queries = 0;
  class CountingClient extends pg.Client {
    override query = ((...given: Parameters<pg.Client['query']>) => {
      queries += 1;
      return super.query(...given);
    }) as pg.Client['query'];
  }
  const counted = new pg.Pool({
    connectionString: direct(lab.region(THERE)),
    max: CONNECTIONS,
    idleTimeoutMillis: 0,
    Client: CountingClient as unknown as typeof pg.Client,
  });
  counted.on('error', () => {});
  const router = createRegionRouter({
    regions: defineRegions({
      self: THERE,
      all: { [HERE]: { origin: 'https://us.example.com' }, [THERE]: { origin: 'https://eu.example.com' } },
    }),
    pools: { [THERE]: counted, [HERE]: lab.region(HERE).pool({ from: THERE, max: 4 }) } as Record<Name, Pool>,
    writes: 'remote-pool',
    token: { secret: SECRET },
  });
  await router.ready();
  const tokens = await tokensOf(writer, 64);
  await lab.caughtUp();
  const next = keysInTurn();
  // Until the watcher has seen the replica reach the tokens.
  const reached = (): boolean => tokens.every((token) => router.explain('read', token).reason === 'caught-up');
  for (let look = 0; !reached(); look += 1) {
    if (look === 100) throw new Error('the replica did not reach the tokens');
    await new Promise((done) => setTimeout(done, 100));
  }
  const withQueries = async (call: () => Promise<unknown>, ms: number): Promise<Sample> => {
    queries = 0;
    let reads = 0;
    const sample = await callsInFlight(
      () => {
        reads += 1;
        return call();
      },
      ms,
      8,
    );
    return { ...sample, queriesPerRead: queries / reads };
  };
  let at = 0;
  const contenders: Contender[] = [
    { name: 'pg pool.query', measure: (ms) => withQueries(() => counted.query(SELECT, [next()]), ms) },
    { name: 'regionkit read', measure: (ms) => withQueries(() => router.read(SELECT, [next()]), ms) },
    {
      name: 'regionkit read with a token',
      measure: (ms) =>
        withQueries(() => {
          at = (at + 1) % tokens.length;
          return router.run({ token: tokens[at], access: 'read' }, () => router.read(SELECT, [next()]));
        }, ms),
    },
  ];
  const result = await runTrial({
    title: 'causal reads in steady state, 8 in flight',
    baseline: 'pg pool.query',
    metrics: ['queriesPerRead', 'opsPerSecond', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
    contenders,
    bars: [
      { contender: 'regionkit read with a token', metric: 'queriesPerRead', atLeast: 1, atMost: 1.01, by: 'worst' },
    ],
    notes: ['Each request opens a scope and verifies a token. The probes of the router count as queries too.'],
  });
  await router.close({ pools: true });
  return result;
}
