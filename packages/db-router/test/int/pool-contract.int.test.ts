import type { Lab } from '@regionkit/lab';
import pg, { type Pool, type PoolConfig } from 'pg';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { createRegionRouter, type RegionRouter, type ScopeOptions } from '../../src/index.ts';
import { type PoolSubject, poolContract } from '../pools/pool.contract.ts';
import { eventually, type Name, regionsFrom, SECRET, startLab } from './lab.ts';

/** Which pool of a router, where, and in which scope. */
interface Setting {
  readonly facade: 'primary' | 'replica' | 'pool';
  readonly regions: readonly Name[];
  readonly self: Name;
  readonly scope?: ScopeOptions;
}

describe('the contract of a pool', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
  });
  afterAll(() => lab.close());

  const wrap = (name: Name, from: Name, options: PoolConfig): Pool => {
    const pool = new pg.Pool({ connectionString: lab.region(name).connectionStringFrom(from), ...options });
    onTestFinished(async () => {
      if (!pool.ending) await pool.end();
    });
    return pool;
  };
  const terminate = (name: Name) => async (pid: number) => {
    await eventually(async () => {
      const [row] = await lab.region(name).query<{ done: boolean }>('SELECT pg_terminate_backend($1) AS done', [pid]);
      return row?.done === true;
    });
  };

  const bare = (name: Name): PoolSubject => ({
    name: `pg.Pool over ${name === 'us' ? 'a primary' : 'a standby'}`,
    writes: name === 'us',
    rerunsReads: false,
    open: async (options) => {
      const pool = wrap(name, 'eu', options);
      // Unheard, the loss of an idle client would end the process.
      pool.on('error', () => {});
      return pool;
    },
    within: (fn) => fn(),
    terminate: terminate(name),
  });

  const facade = ({ facade: which, regions, self, scope }: Setting): PoolSubject => {
    const isRemote = regions.length > 1;
    const isRead = which === 'replica' || (which === 'pool' && scope?.access === 'read');
    const where = isRemote ? `in ${regions.length} regions` : 'in one region';
    let router: RegionRouter<Name>;
    return {
      name: `router.${which} ${where}${scope === undefined ? '' : `, in a ${scope.access ?? 'write'} scope`}`,
      writes: !(isRead && isRemote),
      rerunsReads: isRead,
      open: async (options) => {
        const made = createRegionRouter<Name>({
          regions: regionsFrom(self, regions),
          pools: Object.fromEntries(regions.map((name) => [name, wrap(name, self, options)])) as { us: Pool },
          writes: isRemote ? 'remote-pool' : 'reject',
          token: { secret: SECRET },
          probe: { intervalMs: 1_000, alertIntervalMs: 50, timeoutMs: 1_000 },
          // What is tried again by mistake is tried for longer than a test may take.
          hold: { timeoutMs: 600_000 },
        });
        onTestFinished(() => made.close());
        await eventually(
          () =>
            made.explain('write').action === 'run' &&
            (!isRemote || made.explain('read').reason === 'local-replica') &&
            made.topology().nodes.every(({ state }) => state === 'primary' || state === 'replica'),
        );
        router = made;
        return made[which];
      },
      within: (fn) => (scope === undefined ? fn() : router.run(scope, fn)),
      terminate: terminate(isRead && isRemote ? 'eu' : 'us'),
    };
  };

  poolContract(bare('us'));
  poolContract(bare('eu'));
  for (const which of ['primary', 'replica', 'pool'] as const) {
    for (const scope of [undefined, { access: 'write' }, { access: 'read' }] as const) {
      const place = { facade: which, ...(scope !== undefined && { scope }) };
      poolContract(facade({ ...place, regions: ['us', 'eu'], self: 'eu' }));
      if (which !== 'replica' || scope === undefined) poolContract(facade({ ...place, regions: ['us'], self: 'us' }));
    }
  }
});
