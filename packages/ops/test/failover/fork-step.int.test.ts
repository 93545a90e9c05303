import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunContext } from '../../src/failover/run-context.ts';
import { fork } from '../../src/failover/steps/fork.ts';
import { proposal } from './fixtures.ts';

let lab: Lab<'us' | 'eu'>;
beforeAll(async () => {
  lab = await createLab({ regions: ['us', 'eu'] });
});
afterAll(() => lab?.close());

const prove = async () => {
  const query = async (sql: string) => ({ rows: await lab.region('eu').query(sql) });
  const on = async (_id: string, ask: (client: unknown) => unknown) => ({ ok: true, value: await ask({ query }) });
  return fork.prove({ on, plan: proposal(), file: { lines: [] } } as unknown as RunContext, undefined);
};

it('records the fork of a promotion, and not the end of a crash recovery', async () => {
  await lab.region('us').kill();
  const { fork: at } = await lab.failover({ to: 'eu' });
  await lab.primary.query('CHECKPOINT');
  expect(await prove()).toMatchObject({ state: 'done', evidence: { timeline: 2, fork: at } });
  await lab.primary.query('CREATE TABLE after_the_fork ()');
  await lab.region('eu').kill();
  await lab.region('eu').start();
  const unknown = await prove();
  expect(unknown).toMatchObject({ state: 'unknown', evidence: { timeline: 2 } });
  expect(unknown.evidence).not.toHaveProperty('fork');
});
