import type { RegionRouter } from '@regionkit/db-router';
import type { Lab } from '@regionkit/lab';
import type { Pool } from 'pg';
import { type Bar, runTrial, type TrialResult } from '../trial.ts';
import { inFlight } from './in-flight.ts';
import { directPool, HERE, keysInTurn, type Name, SELECT } from './setting.ts';

/** What the router lays over a pool, and over each client that it hands out, costs against the bare pool. */
export async function layer(router: RegionRouter<Name>, lab: Lab<Name>): Promise<TrialResult[]> {
  const pool = directPool(lab.region(HERE));
  const next = keysInTurn();
  const contender = inFlight(8);
  /** A client for one statement, as Kysely takes it. */
  const leased = async (from: Pool): Promise<void> => {
    const client = await from.connect();
    try {
      await client.query(SELECT, [next()]);
    } finally {
      client.release();
    }
  };
  const read = { access: 'read' } as const;
  const common = {
    metrics: ['mainMicrosPerOp', 'opsPerSecond', 'p50Ms', 'p99Ms'],
    // Many and short, one after the other: what else the machine does meets all alike.
    rounds: 80,
    durationMs: 40,
  } as const;
  const results = [
    await runTrial({
      ...common,
      title: 'one row by key through pool.query in the primary region, 8 in flight',
      baseline: 'pg pool.query',
      contenders: [
        contender('pg pool.query', () => pool.query(SELECT, [next()])),
        contender('regionkit primary.query', () => router.primary.query(SELECT, [next()])),
        contender('regionkit pool.query', () => router.pool.query(SELECT, [next()])),
        contender('regionkit pool.query in a write scope', () =>
          router.run({}, () => router.pool.query(SELECT, [next()])),
        ),
        contender('regionkit pool.query in a read scope', () =>
          router.run(read, () => router.pool.query(SELECT, [next()])),
        ),
      ],
      bars: [
        costsLike('regionkit pool.query', 'pg pool.query'),
        costsLike('regionkit primary.query', 'pg pool.query'),
        costsLike('regionkit pool.query in a read scope', 'pg pool.query'),
      ],
      notes: [
        'In a scope on the primary, the server is asked in the same round trip whether the statement wrote. The messages for it alone take 1.29 of the time of the statement, so the bar of 1.05 is out of reach there: see docs/decisions/0049-what-a-statement-must-cost.md.',
      ],
    }),
    await runTrial({
      ...common,
      title: 'one row by key on a client of its own in the primary region, 8 in flight',
      baseline: 'pg connect, query, release',
      contenders: [
        contender('pg connect, query, release', () => leased(pool)),
        contender('regionkit connect, query, release', () => leased(router.primary)),
        contender('regionkit connect, query, release in a write scope', () =>
          router.run({}, () => leased(router.primary)),
        ),
      ],
      bars: [costsLike('regionkit connect, query, release', 'pg connect, query, release')],
      notes: [
        'A scope asks the same question as in the table of pool.query. A bar that can be defended is 1.4, and 1.8 in a scope: see docs/decisions/0049-what-a-statement-must-cost.md.',
      ],
    }),
  ];
  await pool.end();
  return results;
}

function costsLike(contender: string, against: string): Bar {
  return { contender, against, metric: 'mainMicrosPerOp', atMost: 1.05, by: 'low tenth' };
}
