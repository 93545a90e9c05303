import type { Lab } from '@regionkit/lab';
import pg, { type PoolConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createRegionRouter } from '../../src/index.ts';
import { failureOf, type Name, regionsFrom, startLab } from './lab.ts';

/** The first error in the chain of causes that carries this code. */
function causeWith(code: string, error: unknown): unknown {
  for (let at = error; at instanceof Error; at = at.cause) if ((at as { code?: unknown }).code === code) return at;
  return undefined;
}

describe('a router that no database lets in', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
  });
  afterAll(() => lab.close());

  const options = (name: Name): PoolConfig => ({ connectionString: lab.region(name).connectionString });
  const wrong: { readonly [mistake: string]: { readonly code: string; of(name: Name): PoolConfig } } = {
    'a wrong password': {
      code: '28P01',
      of: (name) => ({ connectionString: options(name).connectionString?.replace(/:[^:@]+@/, ':wrong@') as string }),
    },
    'a database that does not exist': {
      code: '3D000',
      of: (name) => ({ connectionString: options(name).connectionString?.replace(/app$/, 'nowhere') as string }),
    },
    'a closed port': { code: 'ECONNREFUSED', of: () => ({ host: '127.0.0.1', port: 1 }) },
  };
  const open = (regions: readonly Name[], of: (name: Name) => PoolConfig) => {
    const pools = Object.fromEntries(
      regions.map((name) => {
        const pool = new pg.Pool(of(name));
        onTestFinished(() => pool.end());
        return [name, pool];
      }),
    ) as { us: pg.Pool };
    const self = regions.at(-1) as Name;
    const writes = regions.length === 1 ? 'reject' : 'remote-pool';
    // Longer than the test may take: only what does not wait passes.
    const router = createRegionRouter<Name>({
      regions: regionsFrom(self, regions),
      pools,
      writes,
      hold: { timeoutMs: 600_000 },
    });
    onTestFinished(() => router.close());
    return router;
  };

  for (const regions of [['us'], ['us', 'eu']] as const) {
    it.each(Object.keys(wrong))(
      `says so at once, by its cause: %s, with ${regions.length} of them`,
      async (mistake) => {
        const { code, of } = wrong[mistake] as (typeof wrong)[string];
        const router = open(regions, of);
        const asked: { readonly [way: string]: () => Promise<unknown> } = {
          write: () => router.write('SELECT 1'),
          read: () => router.read('SELECT 1'),
          transaction: () => router.transaction(async () => {}),
          connect: () => router.pool.connect(),
          query: () => router.replica.query('SELECT 1'),
        };
        // The first is asked before any node was, the others after.
        for (const [way, ask] of Object.entries(asked)) {
          const error = await failureOf(ask());
          expect([way, causeWith(code, error) !== undefined, error.outcome]).toEqual([way, true, 'not-sent']);
        }
        if (code !== 'ECONNREFUSED') {
          const error = await failureOf(router.ready());
          expect([error.code, causeWith(code, error) !== undefined]).toEqual(['ERR_NO_READABLE_NODE', true]);
        }
      },
    );
  }

  it('says so for writes, and reads on, where only the primary does not let it in', async () => {
    const bad = wrong['a wrong password'] as (typeof wrong)[string];
    const router = open(['us', 'eu'], (name) => (name === 'us' ? bad.of(name) : options(name)));
    const error = await failureOf(router.write('SELECT 1'));
    expect([error.code, causeWith('28P01', error) !== undefined]).toEqual(['ERR_NO_PRIMARY', true]);
  });
});
