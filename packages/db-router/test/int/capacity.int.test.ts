import { fakeView } from '@regionkit/core';
import type { Lab } from '@regionkit/lab';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Name, regionsFrom, startLab, startRouter, type TestRouter } from './lab.ts';

// The formulas of docs/capacity.md, counted on real servers.
const PROCESSES = 2;
const MAX = 3;
const HERE = ['us', 'eu'] as const;
const viewOf = (self: Name) => fakeView(regionsFrom(self, HERE));

describe('two processes in each of two regions', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: HERE });
  });
  afterAll(() => lab.close());

  /** The connections of the app to the server of a region: probes, and the others. */
  const connections = async (name: Name): Promise<{ readonly probes: number; readonly others: number }> => {
    const [row] = await lab.region(name).query<{ probes: number; others: number }>(
      `SELECT count(*) FILTER (WHERE application_name = 'regionkit-probe')::int AS probes,
        count(*) FILTER (WHERE application_name <> 'regionkit-probe')::int AS others
      FROM pg_stat_activity WHERE usename = 'app'`,
    );
    return row as { probes: number; others: number };
  };
  const start = (reach: (self: Name) => readonly Name[]): Promise<readonly TestRouter[]> =>
    Promise.all(
      HERE.flatMap((self) =>
        Array.from({ length: PROCESSES }, () =>
          startRouter(lab, self, { reach: reach(self), max: MAX, coldStart: 'trust', view: viewOf(self) }),
        ),
      ),
    );
  /** Leases every client of the pool for the region of the process. */
  const fill = async (routers: readonly TestRouter[]): Promise<readonly pg.PoolClient[]> => {
    await eventually(() => routers.every((router) => router.explain('read').region === router.self));
    const pools = routers.map((router) => (router.self === 'us' ? router.primary : router.replica));
    return (
      await Promise.all(pools.map((pool) => Promise.all(Array.from({ length: MAX }, () => pool.connect()))))
    ).flat();
  };

  const end = async (clients: readonly pg.PoolClient[], routers: readonly TestRouter[]): Promise<void> => {
    for (const client of clients) client.release();
    await Promise.all(routers.map((router) => router.close({ pools: true })));
    for (const name of HERE) await eventually(async () => (await connections(name)).others === 0);
  };

  it('open at most `max` connections and one for probes to their own server, and none to another', async () => {
    const routers = await start((self) => [self]);
    const clients = await fill(routers);
    for (const name of HERE) {
      await eventually(async () => (await connections(name)).probes === PROCESSES);
      expect(await connections(name)).toEqual({ probes: PROCESSES, others: PROCESSES * MAX });
    }
    await end(clients, routers);
  });

  it('open one for probes to each server of their pools, and the others only where they use them', async () => {
    const routers = await start(() => HERE);
    for (const name of HERE) await eventually(async () => (await connections(name)).probes === 2 * PROCESSES);
    const clients = await fill(routers);
    for (const name of HERE) {
      const { probes, others } = await connections(name);
      expect(probes).toBe(2 * PROCESSES);
      expect(others).toBeGreaterThanOrEqual(PROCESSES * MAX);
      expect(others).toBeLessThanOrEqual(2 * PROCESSES * MAX);
    }
    await end(clients, routers);
  });
});
