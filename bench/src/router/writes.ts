import type { RegionRouter } from '@regionkit/db-router';
import type { Lab } from '@regionkit/lab';
import type { Pool } from 'pg';
import postgres from 'postgres';
import { callsInFlight, type Sample } from '../sample.ts';
import { type Contender, runTrial, type TrialResult } from '../trial.ts';
import { inFlight } from './in-flight.ts';
import { directPool, HERE, INSERT, type Name, ROUND_TRIP_MS, THERE } from './setting.ts';

const STATEMENTS = ['a', 'b', 'c'].map((value) => ({ text: INSERT, values: [value] }));
/** Known to node-postgres, not yet to its declarations. */
const PIPELINE: object = { pipeline: true };
const POSITION = 'select pg_current_wal_insert_lsn()';

/** One insert, in the region of the primary. */
export async function writing(router: RegionRouter<Name>, lab: Lab<Name>): Promise<TrialResult> {
  const pool = directPool(lab.region(HERE));
  const contender = inFlight(8);
  const result = await runTrial({
    title: 'one insert in the primary region, 8 in flight',
    baseline: 'pg pool.query',
    metrics: ['opsPerSecond', 'mainMicrosPerOp', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
    contenders: [
      contender('pg pool.query', () => pool.query(INSERT, ['x'])),
      contender('regionkit write', () => router.write(INSERT, ['x'])),
      contender('pg, and its position asked', async () => {
        const client = await pool.connect();
        try {
          await client.query(INSERT, ['x']);
          await client.query(POSITION);
        } finally {
          client.release();
        }
      }),
      contender('regionkit write, and a token', () => inScope(router, () => router.write(INSERT, ['x']))),
      contender('regionkit batch of 3, and a token', () => inScope(router, () => router.batch(STATEMENTS))),
      contender('pg transaction of 3, by hand', () => byHand(pool)),
    ],
    bars: [
      {
        contender: 'regionkit write, and a token',
        metric: 'opsPerSecond',
        against: 'pg pool.query',
        atLeast: 0.85,
        by: 'paired',
      },
    ],
    notes: ['The server does not wait for the disk (`fsync = off`), which would hide what the client costs.'],
    rounds: 40,
    durationMs: 60,
  });
  await pool.end();
  return result;
}

/** A write, and three in a transaction, each with its position, from the other region; counted in round trips. */
export async function writingFromAfar(router: RegionRouter<Name>, lab: Lab<Name>): Promise<TrialResult[]> {
  const pool = lab.region(HERE).pool({ from: THERE, max: 4, idleTimeoutMillis: 0 });
  const pipelined = lab.region(HERE).pool({ from: THERE, max: 4, idleTimeoutMillis: 0, ...PIPELINE });
  const sql = postgres(lab.region(HERE).connectionStringFrom(THERE), { max: 4 });
  const contender = (name: string, call: () => Promise<unknown>): Contender => ({
    name,
    measure: async (ms): Promise<Sample> => {
      const { p50Ms = 0, p99Ms = 0 } = await callsInFlight(call, ms, 1);
      return { roundTrips: p50Ms / ROUND_TRIP_MS, p50Ms, p99Ms };
    },
  });
  const common = { metrics: ['roundTrips', 'p50Ms', 'p99Ms'], rounds: 8, durationMs: 400 } as const;
  const one = await runTrial({
    ...common,
    title: `one insert with its position, ${ROUND_TRIP_MS} ms away`,
    baseline: 'pg by hand',
    contenders: [
      contender('pg by hand', async () => {
        const client = await pool.connect();
        try {
          await client.query(INSERT, ['x']);
          await client.query(POSITION);
        } finally {
          client.release();
        }
      }),
      contender('pg by hand, pipelined', () => inOneGo(pipelined, [{ text: INSERT, values: ['x'] }])),
      contender('pg pool.query, without its position', () => pool.query(INSERT, ['x'])),
      contender('regionkit write, and a token', () => inScope(router, () => router.write(INSERT, ['x']))),
      contender('regionkit pool.query, and a token', () => inScope(router, () => router.pool.query(INSERT, ['x']))),
      contender('regionkit batch of one, and a token', () =>
        inScope(router, () => router.batch(STATEMENTS.slice(0, 1))),
      ),
    ],
    bars: [
      { contender: 'regionkit write, and a token', metric: 'roundTrips', atMost: 1.08, by: 'low tenth' },
      { contender: 'regionkit pool.query, and a token', metric: 'roundTrips', atMost: 1.08, by: 'low tenth' },
    ],
  });
  const three = await runTrial({
    ...common,
    title: `three inserts in a transaction with their position, ${ROUND_TRIP_MS} ms away`,
    baseline: 'pg by hand',
    contenders: [
      contender('pg by hand', () => byHand(pool)),
      contender('pg by hand, pipelined', () =>
        inOneGo(pipelined, [{ text: 'BEGIN' }, ...STATEMENTS, { text: 'COMMIT' }]),
      ),
      contender('postgres.js, begin with an array', async () => {
        await sql.begin((tx) => STATEMENTS.map(({ text, values }) => tx.unsafe(text, values, { prepare: true })));
        await sql.unsafe(POSITION, [], { prepare: true });
      }),
      contender('regionkit transaction', () =>
        inScope(router, () =>
          router.transaction(async (tx) => {
            for (const { text, values } of STATEMENTS) await tx.query(text, values);
          }),
        ),
      ),
      contender('regionkit batch', () => inScope(router, () => router.batch(STATEMENTS))),
    ],
    bars: [{ contender: 'regionkit batch', metric: 'roundTrips', atMost: 1.1, by: 'low tenth' }],
    notes: [
      'Round trips are the median time divided by 80 ms. With a pipeline by hand (`pipeline: true`) the app must find out what a failure in the middle means.',
    ],
  });
  await Promise.all([pool.end(), pipelined.end(), sql.end()]);
  return [one, three];
}

/** With a scope that listens, a write brings its position back. */
function inScope<T>(router: RegionRouter<Name>, call: () => Promise<T>): Promise<string | undefined> {
  return router.run({ access: 'write' }, async () => {
    await call();
    return router.token();
  });
}

/** Sends everything, and the question for the position, before the first answer is there. */
async function inOneGo(
  pool: Pool,
  statements: readonly { readonly text: string; readonly values?: readonly string[] }[],
): Promise<void> {
  const client = await pool.connect();
  try {
    await Promise.all(
      [...statements, { text: POSITION, values: [] }].map(({ text, values = [] }) => client.query(text, [...values])),
    );
  } finally {
    client.release();
  }
}

async function byHand(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    for (const { text, values } of STATEMENTS) await client.query(text, values);
    await client.query('COMMIT');
    await client.query(POSITION);
  } finally {
    client.release();
  }
}
