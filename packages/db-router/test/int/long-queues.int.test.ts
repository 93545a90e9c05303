import { systemClock } from '@regionkit/core/kit';
import type { PoolClient } from 'pg';
import { expect, it } from 'vitest';
import { createPoolNode } from '../../src/connection/node.ts';
import { postgresReadings } from '../../src/topology/readings.ts';
import { labOfTest } from './lab.ts';

const CALLERS = 20_000;

it('turns away a long queue of callers, and lends the connection that comes back to the next one', async () => {
  const lab = await labOfTest({ regions: ['us'] });
  const pool = lab.region('us').pool({ max: 1 });
  const node = createPoolNode({
    index: 0,
    id: 'us/0',
    region: 'us',
    pool,
    clock: systemClock,
    readings: postgresReadings,
    verifyTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    inRecovery: () => false,
    onDiscard: () => {},
    onRelease: () => {},
    onSign: () => {},
    onVerify: async () => 0,
  });
  const acquire = (): Promise<PoolClient> =>
    new Promise((resolve, reject) =>
      node.acquire((error, client) => (client === undefined ? reject(error) : resolve(client))),
    );
  const held = await pool.connect();
  const callers = Array.from({ length: CALLERS }, acquire);
  const answers = Promise.allSettled(callers);
  node.rejectWaiting(new Error('fenced'));
  expect((await answers).filter(({ status }) => status === 'rejected')).toHaveLength(CALLERS);
  held.release();
  node.release(await acquire(), false);
  node.close(new Error('the end of the test'));
});
