import { systemClock } from '@regionkit/core/kit';
import { createLab, type Lab } from '@regionkit/lab';
import type pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Check } from '../../src/checks/check.ts';
import { type CheckResult, type CheckStatus, checks } from '../../src/index.ts';

let lab: Lab<'us'>;
beforeAll(async () => {
  lab = await createLab({ regions: ['us'] });
});
afterAll(() => lab.close());

const TIMEOUT_MS = 2_000;

/** Runs the check once, as health does: what throws has failed. */
async function look(check: Check): Promise<CheckStatus> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const result = await check(signal, { clock: systemClock, timeoutMs: TIMEOUT_MS, self: 'us' });
    return (result as CheckResult | undefined)?.status ?? 'pass';
  } catch {
    return 'fail';
  }
}

/** Queries that wait one behind the other for a client, without an end. */
function keepBusy(pool: pg.Pool): { readonly served: () => number } {
  let served = 0;
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  const queue = async (): Promise<void> => {
    while (!isOver) {
      await pool.query('SELECT pg_sleep(0.1)').then(
        () => {
          served += 1;
        },
        () => new Promise((resolve) => setTimeout(resolve, 50)),
      );
    }
  };
  for (let one = 0; one < 60; one += 1) void queue();
  return { served: () => served };
}

test('a busy pool of a server that answers never fails, and one of a server that hangs or is gone does', async () => {
  const us = lab.region('us');
  const pool = us.pool({ max: 2 });
  const check = checks.pool(pool);
  expect(await look(check)).toBe('pass');

  const load = keepBusy(pool);
  const before = load.served();
  const busy: CheckStatus[] = [];
  while (busy.length < 4 || load.served() === before) busy.push(await look(check));
  expect(busy).not.toContain('fail');
  expect(busy).toContain('warn');

  await us.freeze();
  // What came back just before the server was stopped may still count in the look that saw it.
  await look(check);
  expect(await look(check)).toBe('fail');
  await us.thaw();
  await expect.poll(() => look(check), { timeout: 30_000 }).not.toBe('fail');

  await us.kill();
  await look(check);
  expect(await look(check)).toBe('fail');
  await us.start();
  await expect.poll(() => look(check), { timeout: 30_000 }).not.toBe('fail');
});
