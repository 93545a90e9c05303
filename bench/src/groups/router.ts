import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createLab } from '@regionkit/lab';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { withReplicas } from 'drizzle-orm/pg-core';
import { Kysely, sql as kyselySql, PostgresDialect } from 'kysely';
import { KyselyReplicationDialect } from 'kysely-replication';
import { RoundRobinReplicaStrategy } from 'kysely-replication/strategy/round-robin';
import type { Pool } from 'pg';
import postgres from 'postgres';
import type { Group } from '../group.ts';
import { callsInFlight, callsPerSecond, type Sample } from '../sample.ts';
import { type Contender, runTrial, type TrialResult } from '../trial.ts';

const HERE = 'us-east-1';
const THERE = 'eu-west-1';
type Name = typeof HERE | typeof THERE;
const ROUND_TRIP_MS = 80;
const SECRET = 'a secret of the bench, 32 bytes long';
const SELECT = 'select v from kv where k = $1';
const INSERT = 'insert into log (v) values ($1)';

export const group: Group = {
  name: 'router',
  run: async (tell) => {
    await using lab = await createLab({ regions: [HERE, THERE], roundTripMs: ROUND_TRIP_MS, onProgress: () => {} });
    await lab.primary.query(
      "create table kv (k int primary key, v text); insert into kv select n, 'value ' || n from generate_series(1, 1000) n; create table log (id bigserial primary key, v text)",
    );
    await lab.caughtUp();
    const routerIn = async (self: Name): Promise<{ router: RegionRouter<Name>; close(): Promise<void> }> => {
      const pools = {
        [HERE]: lab.region(HERE).pool({ from: self, max: 32 }),
        [THERE]: lab.region(THERE).pool({ from: self, max: 32 }),
      } as Record<Name, Pool>;
      const router = createRegionRouter({
        regions: defineRegions({
          self,
          all: { [HERE]: { origin: 'https://us.example.com' }, [THERE]: { origin: 'https://eu.example.com' } },
        }),
        pools,
        writes: 'remote-pool',
        token: { secret: SECRET },
      });
      await router.ready();
      while (router.primaryNow() === undefined) await new Promise((done) => setTimeout(done, 20));
      return { router, close: () => router.close({ pools: true }) };
    };
    const there = await routerIn(THERE);
    const here = await routerIn(HERE);
    const results: TrialResult[] = [];
    tell('deciding');
    results.push(await deciding(there.router));
    tell('reading from the replica next door');
    results.push(
      ...(await reading(there.router, lab.region(THERE).pool({ max: 32 }), lab.region(THERE).connectionString)),
    );
    tell('writing in the primary region');
    results.push(await writing(here.router, lab.region(HERE).pool({ max: 32 })));
    tell(`a transaction over ${ROUND_TRIP_MS} ms`);
    results.push(await transacting(there.router, lab.region(HERE).pool({ from: THERE, max: 4 })));
    await Promise.all([here.close(), there.close()]);
    return results;
  },
};

async function deciding(router: RegionRouter<Name>): Promise<TrialResult> {
  const token = await router.run({ access: 'write' }, async () => {
    await router.write(INSERT, ['token']);
    return router.token();
  });
  return runTrial({
    title: 'where a read goes',
    baseline: 'regionkit explain',
    metrics: ['opsPerSecond', 'nsPerOp'],
    contenders: [
      { name: 'regionkit explain', measure: (ms) => callsPerSecond(() => router.explain('read'), ms) },
      { name: 'regionkit explain, token', measure: (ms) => callsPerSecond(() => router.explain('read', token), ms) },
    ],
    bars: [{ contender: 'regionkit explain, token', metric: 'nsPerOp', atMost: 5_000 }],
  });
}

async function reading(router: RegionRouter<Name>, pool: Pool, url: string): Promise<TrialResult[]> {
  const orm = withReplicas(drizzle(pool), [drizzle(pool)]);
  const kysely = new Kysely<unknown>({
    dialect: new KyselyReplicationDialect({
      primaryDialect: new PostgresDialect({ pool }),
      replicaDialects: [new PostgresDialect({ pool })] as const,
      replicaStrategy: new RoundRobinReplicaStrategy({}),
    }),
  });
  const own = drizzle(router.replica);
  const sql = postgres(url, { max: 32, onnotice: () => {} });
  const token = await router.run({ access: 'write' }, async () => {
    await router.write(INSERT, ['token']);
    return router.token();
  });
  await new Promise((done) => setTimeout(done, 1_000));
  let key = 0;
  const next = (): number => {
    key = (key % 1_000) + 1;
    return key;
  };
  const calls: readonly (readonly [name: string, call: () => Promise<unknown>])[] = [
    ['pg pool.query', () => pool.query(SELECT, [next()])],
    ['regionkit read', () => router.read(SELECT, [next()])],
    ['regionkit replica.query', () => router.replica.query(SELECT, [next()])],
    [
      'regionkit read, with a token',
      () => router.run(token === undefined ? {} : { token }, () => router.read(SELECT, [next()])),
    ],
    [
      'drizzle on pg',
      () => orm.$replicas[0]?.execute(drizzleSql`select v from kv where k = ${next()}`) as Promise<unknown>,
    ],
    ['drizzle on regionkit', () => own.execute(drizzleSql`select v from kv where k = ${next()}`)],
    ['kysely-replication', () => kyselySql`select v from kv where k = ${next()}`.execute(kysely)],
    ['postgres.js', async () => await sql`select v from kv where k = ${next()}`],
  ];
  const results: TrialResult[] = [];
  for (const inFlight of [1, 32]) {
    results.push(
      await runTrial({
        title: `one row by key from the replica, ${inFlight} in flight`,
        baseline: 'pg pool.query',
        metrics: ['opsPerSecond', 'p50Ms', 'p99Ms'],
        contenders: calls.map(
          ([name, call]): Contender => ({ name, measure: (ms) => callsInFlight(call, ms, inFlight) }),
        ),
        bars: ['regionkit read', 'regionkit read, with a token'].flatMap((contender) => [
          { contender, against: 'pg pool.query', metric: 'opsPerSecond', atLeast: 0.97 },
          { contender, against: 'pg pool.query', metric: 'p50Ms', atMost: 1.03 },
        ]),
        rounds: 9,
        durationMs: 500,
      }),
    );
  }
  await sql.end();
  return results;
}

async function writing(router: RegionRouter<Name>, pool: Pool): Promise<TrialResult> {
  return runTrial({
    title: 'one insert in the primary region',
    baseline: 'pg pool.query',
    metrics: ['opsPerSecond', 'p50Ms', 'p99Ms'],
    contenders: [
      { name: 'pg pool.query', measure: (ms) => callsInFlight(() => pool.query(INSERT, ['x']), ms, 8) },
      { name: 'regionkit write', measure: (ms) => callsInFlight(() => router.write(INSERT, ['x']), ms, 8) },
      {
        name: 'regionkit write, with its position',
        measure: (ms) => callsInFlight(() => router.run({ access: 'write' }, () => router.write(INSERT, ['x'])), ms, 8),
      },
    ],
  });
}

/** Three statements in a transaction, and the position after it; counted in round trips. */
async function transacting(router: RegionRouter<Name>, pool: Pool): Promise<TrialResult> {
  const roundTrips = async (call: () => Promise<unknown>, durationMs: number): Promise<Sample> => {
    const { p50Ms = 0, p99Ms = 0 } = await callsInFlight(call, durationMs, 1);
    return { roundTrips: p50Ms / ROUND_TRIP_MS, p50Ms, p99Ms };
  };
  const statements = ['a', 'b', 'c'].map((value) => ({ text: INSERT, values: [value] }));
  const inScope = <T>(call: () => Promise<T>) => router.run({ access: 'write' }, call);
  const byHand = async (): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      for (const { text, values } of statements) await client.query(text, values);
      await client.query('COMMIT');
      await client.query('SELECT pg_current_wal_insert_lsn()');
    } finally {
      client.release();
    }
  };
  return runTrial({
    title: `three inserts in a transaction with their position, ${ROUND_TRIP_MS} ms away`,
    baseline: 'pg client by hand',
    metrics: ['roundTrips', 'p50Ms', 'p99Ms'],
    contenders: [
      { name: 'pg client by hand', measure: (ms) => roundTrips(byHand, ms) },
      { name: 'regionkit batch', measure: (ms) => roundTrips(() => inScope(() => router.batch(statements)), ms) },
      {
        name: 'regionkit transaction',
        measure: (ms) =>
          roundTrips(
            () =>
              inScope(() =>
                router.transaction(async (tx) => {
                  for (const { text, values } of statements) await tx.query(text, values);
                }),
              ),
            ms,
          ),
      },
    ],
    bars: [{ contender: 'regionkit batch', metric: 'roundTrips', atMost: 1.1 }],
    rounds: 5,
    durationMs: 1_500,
  });
}
