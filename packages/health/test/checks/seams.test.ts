import type { Config } from '@regionkit/config';
import { fakeClock } from '@regionkit/core/testing';
import type { RegionRouter } from '@regionkit/db-router';
import type { SessionVerifier } from '@regionkit/session';
import type { Pool } from 'pg';
import { expect, expectTypeOf, test } from 'vitest';
import {
  type ConfigLike,
  checks,
  type Followed,
  type HealthOptions,
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
  expectTypeOf<() => ReturnType<RegionRouter<'a'>['topology']>>().toExtend<NonNullable<HealthOptions['epoch']>>();
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
