import { RegionKitError } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { expect, test } from 'vitest';
import type { Check, CheckRun } from '../../src/checks/check.ts';
import { createRunner } from '../../src/checks/runner.ts';
import { deferred } from '../helpers/fixtures.ts';

function start(check: Check, { intervalMs = 2_000, timeoutMs = 1_000 } = {}) {
  const clock = fakeClock();
  const runs: CheckRun[] = [];
  const runner = createRunner({
    check,
    everyMs: () => intervalMs,
    timeoutMs,
    self: 'a',
    clock,
    random: () => 0.5,
    onRun: (run) => runs.push(run),
  });
  return { clock, runs, runner };
}

test('a check is run at once, then an interval after each run ended', async () => {
  let calls = 0;
  const { clock, runs } = start(async (_signal, { clock: time }) => {
    calls += 1;
    await new Promise<void>((resolve) => time.schedule(resolve, 500));
  });
  expect(calls).toBe(0);
  await clock.advance(0);
  expect(calls).toBe(1);
  await clock.advance(2_499);
  expect(calls).toBe(1);
  await clock.advance(1);
  expect(calls).toBe(2);
  expect(runs).toEqual([{ status: 'pass', reason: 'passed', durationMs: 500 }]);
});

test('a check that hangs fails when its time is over, is told so, and is not run again before it has ended', async () => {
  const hang = deferred();
  let calls = 0;
  let aborted = false;
  const { clock, runs } = start((signal) => {
    calls += 1;
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return hang.promise;
  });
  await clock.advance(999);
  expect(runs).toEqual([]);
  await clock.advance(1);
  expect(runs).toMatchObject([{ status: 'fail', reason: 'timeout' }]);
  expect(aborted).toBe(true);
  await clock.advance(20_000);
  expect(calls).toBe(1);
  expect(runs.slice(1)).toHaveLength(10);
  expect(runs.slice(1).every(({ status, reason }) => status === 'fail' && reason === 'hung')).toBe(true);

  hang.resolve();
  await clock.advance(2_000);
  expect(calls).toBe(2);
});

test('what a check answers after its time is over counts for nothing', async () => {
  const hang = deferred<unknown>();
  const { clock, runs } = start(() => hang.promise);
  await clock.advance(1_000);
  hang.resolve({ status: 'pass' });
  await clock.advance(0);
  expect(runs.map(({ reason }) => reason)).toEqual(['timeout']);
});

test('a check that rejects after its time is over harms nothing else', async () => {
  const hang = deferred();
  const { clock, runs } = start(() => hang.promise);
  await clock.advance(1_000);
  hang.reject(new Error('late'));
  await clock.advance(0);
  expect(runs).toHaveLength(1);
});

test('a check that blocks the event loop past its time has failed, though no timer could fire', async () => {
  const { clock, runs } = start(() => clock.suspend(3_000));
  await clock.advance(0);
  expect(runs).toMatchObject([{ status: 'fail', reason: 'timeout', durationMs: 3_000 }]);
});

test.each<[string, Check, Partial<CheckRun>]>([
  ['returns nothing', () => {}, { status: 'pass', reason: 'passed' }],
  ['returns something else', async () => 'PONG', { status: 'pass' }],
  [
    'returns a result',
    () => ({ status: 'warn', message: 'slow', observed: 7, unit: 'ms' }),
    { status: 'warn', reason: 'warned', message: 'slow', observed: 7, unit: 'ms' },
  ],
  ['returns a failure', () => ({ status: 'fail' }), { status: 'fail', reason: 'failed' }],
  [
    'returns a fetch answer that is not ok',
    () => new Response('', { status: 503 }),
    { status: 'fail', reason: 'failed' },
  ],
  ['returns a fetch answer that is ok', () => new Response('ok'), { status: 'pass' }],
  [
    'throws at once',
    () => {
      throw new Error('now');
    },
    { status: 'fail', reason: 'threw', message: 'it threw' },
  ],
  [
    'rejects',
    async () => {
      throw Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    },
    { status: 'fail', reason: 'threw', message: 'it threw ECONNREFUSED' },
  ],
  [
    'rejects with a string',
    () => Promise.reject('postgres://user:pw@host/db'),
    { status: 'fail', reason: 'threw', message: 'it threw' },
  ],
  ['rejects with nothing', () => Promise.reject(undefined), { status: 'fail', reason: 'threw', message: 'it threw' }],
  [
    'throws one of our own errors',
    () => {
      throw new RegionKitError('ERR_X', 'A constant.');
    },
    { status: 'fail', reason: 'threw', message: 'ERR_X: A constant.' },
  ],
  [
    'leaks a connection string',
    () => {
      throw new Error('cannot reach postgres://user:pw@host/db');
    },
    { status: 'fail', message: 'it threw' },
  ],
  [
    'throws an error whose code is a text',
    () => {
      throw Object.assign(new Error('x'), { code: 'password=hunter2 host=db' });
    },
    { message: 'it threw' },
  ],
  [
    'throws an error whose getters throw',
    () => {
      throw {
        get code() {
          throw new Error('no');
        },
      };
    },
    { status: 'fail', message: 'it threw' },
  ],
  [
    'returns getters that throw',
    () => ({
      get status() {
        throw new Error('no');
      },
    }),
    { status: 'fail', reason: 'threw' },
  ],
  [
    'returns 10 MB of message',
    () => ({ status: 'fail', message: 'x'.repeat(10_000_000) }),
    { status: 'fail', message: 'x'.repeat(256) },
  ],
  [
    'returns something circular',
    () => {
      const loop: Record<string, unknown> = { status: 'warn' };
      loop['message'] = loop;
      return loop;
    },
    { status: 'warn' },
  ],
  ['returns a figure that is none', () => ({ status: 'pass', observed: Number.NaN, unit: 3 }), { status: 'pass' }],
  [
    'returns a thenable that throws',
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is the point.
      then: () => {
        throw new Error('no');
      },
    }),
    { status: 'fail', reason: 'threw' },
  ],
])('a check that %s is read for what it says', async (_, check, expected) => {
  const { clock, runs } = start(check);
  await clock.advance(0);
  expect(runs).toMatchObject([expected]);
  expect(JSON.stringify(runs.map(({ error: _error, ...run }) => run))).not.toMatch(/pw@|hunter2/);
});

test('what a check threw is kept for the app itself', async () => {
  const error = new Error('postgres://user:pw@host/db');
  const { clock, runs } = start(() => Promise.reject(error));
  await clock.advance(0);
  expect(runs[0]?.error).toBe(error);
});

test('to wake runs the check at once, but never beside a run', async () => {
  let calls = 0;
  const { clock, runner } = start(async (_signal, { clock: time }) => {
    calls += 1;
    await new Promise<void>((resolve) => time.schedule(resolve, 500));
  });
  await clock.advance(0);
  runner.wake();
  await clock.advance(500);
  expect(calls).toBe(1);
  runner.wake();
  await clock.advance(0);
  expect(calls).toBe(2);
});

test('a runner that is closed leaves no timer, aborts what runs, and says nothing more', async () => {
  const hang = deferred();
  let aborted = false;
  const { clock, runs, runner } = start((signal) => {
    signal.addEventListener('abort', () => {
      aborted = true;
      hang.reject(signal.reason);
    });
    return hang.promise;
  });
  await clock.advance(100);
  runner.close();
  await clock.advance(60_000);
  expect([aborted, runs.length, clock.pending]).toEqual([true, 0, 0]);
});

test('a check is told its region and its time', async () => {
  let told: unknown;
  const { clock } = start((_signal, { self, timeoutMs }) => {
    told = { self, timeoutMs };
  });
  await clock.advance(0);
  expect(told).toEqual({ self: 'a', timeoutMs: 1_000 });
});
