import { EventEmitter } from 'node:events';
import type { Config } from '@regionkit/config';
import { fakeClock } from '@regionkit/core/testing';
import type { RegionRouter } from '@regionkit/db-router';
import type { SessionVerifier } from '@regionkit/session';
import type { Pool } from 'pg';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type ConfigLike,
  checks,
  type Followed,
  type LagSource,
  type PoolLike,
  type SessionsLike,
} from '../../src/index.ts';
import { contextOf } from '../helpers/fixtures.ts';

const never = new AbortController().signal;
const context = contextOf(fakeClock(), 250);

test('checks.pool asks its one question within its time', async () => {
  const asked: unknown[] = [];
  const pool: PoolLike = {
    query: async (query) => {
      asked.push(query);
    },
  };
  await checks.pool(pool)(never, context);
  await checks.pool(() => pool, 'select 2')(never, context);
  expect(asked).toEqual([
    { text: 'select 1', query_timeout: 250 },
    { text: 'select 2', query_timeout: 250 },
  ]);
});

test('the real ones fit', () => {
  expectTypeOf<Pool>().toExtend<PoolLike>();
  expectTypeOf<Config<Record<string, never>>>().toExtend<ConfigLike>();
  expectTypeOf<SessionVerifier>().toExtend<SessionsLike>();
  expectTypeOf<RegionRouter<'a'>>().toExtend<LagSource>();
  expectTypeOf<RegionRouter<'a'>>().toExtend<Followed>();
  expectTypeOf<RegionRouter<'a'>>().toExtend<ReturnType<Parameters<typeof checks.router>[0]>>();
});

test('checks.config gives the verdict of the configuration, and the keys that are late', () => {
  const status = { verdict: 'warn' as const, keys: { db: { state: 'stale' }, app: { state: 'fresh' } } };
  expect(checks.config(() => ({ status: () => status }))(never, context)).toEqual({ status: 'warn', message: 'db' });
});

test.each([
  [{ keys: [] }, { status: 'fail', message: 'there is no key' }],
  [
    { keys: [{}], keyState: 'expired' },
    { status: 'fail', message: 'the keys have expired' },
  ],
  [{ keys: [{}] }, { status: 'pass', observed: 1, unit: 'keys' }],
  [
    { keys: [{}, {}], fetchedMsAgo: 5_000 },
    { status: 'warn', observed: 2, unit: 'keys' },
  ],
])('checks.sessionKeys: of %j it says %j', (stats, result) => {
  const check = checks.sessionKeys(() => ({ stats: () => stats }), { warnAfterMs: 1_000 });
  expect(check(never, context)).toEqual(result);
});

describe('checks.pool of a pool that is busy', () => {
  /** A pool of one client, which the app uses over and over, a short while each time. */
  function busyPool() {
    const clock = fakeClock();
    const pool = new EventEmitter();
    let asked = 0;
    let answer: (() => void) | undefined;
    const query = (): Promise<void> => {
      asked += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    const check = checks.pool(Object.assign(pool, { query }) as PoolLike);
    const run = async (during: () => void): Promise<unknown> => {
      const result = Promise.resolve(check(never, contextOf(clock))).catch((error: Error) => error.message);
      await clock.advance(400);
      during();
      await clock.advance(600);
      return result;
    };
    return { run, pool, clock, asked: () => asked, answer: () => answer?.() };
  }

  test('warns while clients come back from their queries, and asks one question at a time', async () => {
    const { run, pool, asked, answer } = busyPool();
    const busy = { status: 'warn', message: expect.stringContaining('busy') };
    expect(await run(() => pool.emit('release'))).toEqual(busy);
    expect(await run(() => pool.emit('release'))).toEqual(busy);
    expect(asked()).toBe(1);
    expect(await run(answer)).toBeUndefined();
    expect(pool.listenerCount('release')).toBe(0);
  });

  test('fails while none does, or none without an error', async () => {
    const { run, pool } = busyPool();
    expect(await run(() => {})).toMatchObject({ status: 'fail' });
    expect(await run(() => pool.emit('release', new Error('timeout')))).toMatchObject({ status: 'fail' });
  });

  test.each([
    [true, 'warn'],
    [false, 'timeout exceeded when trying to connect'],
  ])("tells the pool's own timeout when full from one without a server (busy: %s)", async (busy, expected) => {
    const pool = new EventEmitter();
    const query = async (): Promise<never> => {
      await Promise.resolve();
      if (busy) pool.emit('release');
      throw new Error('timeout exceeded when trying to connect');
    };
    const result = Promise.resolve(checks.pool(Object.assign(pool, { query }) as PoolLike)(never, context));
    const found = await result.catch((error: Error) => error.message);
    expect((found as { status?: string }).status ?? found).toBe(expected);
  });
});
