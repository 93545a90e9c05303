import type { RouteExplanation } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { expect, test } from 'vitest';
import { checks } from '../../src/index.ts';
import { contextOf, deferred } from '../helpers/fixtures.ts';

const never = new AbortController().signal;
const context = contextOf(fakeClock());
const routerThat = (explanation: RouteExplanation) => () => ({ explain: () => explanation, topology: () => ({}) });

test.each<['read' | 'write', RouteExplanation, string]>([
  ['read', { action: 'run', region: 'a', reason: 'local' }, 'pass'],
  ['read', { action: 'run', reason: 'local' }, 'pass'],
  ['read', { action: 'run', region: 'b', reason: 'remote' }, 'warn'],
  ['read', { action: 'forward', region: 'b', reason: 'old-timeline' }, 'fail'],
  ['read', { action: 'hold', reason: 'wait' }, 'fail'],
  ['read', { action: 'reject', reason: 'fenced' }, 'fail'],
  ['write', { action: 'run', region: 'a', reason: 'primary' }, 'pass'],
  ['write', { action: 'run', region: 'b', reason: 'remote-pool' }, 'pass'],
  ['write', { action: 'forward', region: 'b', reason: 'forward' }, 'pass'],
  ['write', { action: 'hold', reason: 'no-primary' }, 'fail'],
  // It is planned and short: no reason to leave.
  ['write', { action: 'hold', reason: 'paused' }, 'warn'],
  ['write', { action: 'reject', reason: 'fenced' }, 'fail'],
])('a %s of which the router says %j counts as %s', (intent, explanation, status) => {
  expect(checks.router(routerThat(explanation), intent)(never, context)).toEqual({
    status,
    message: explanation.reason,
  });
});

test.each<[RouteExplanation, unknown]>([
  [
    { action: 'run', region: 'a', reason: 'r', lagMs: 10.4 },
    { status: 'pass', observed: 10, unit: 'ms' },
  ],
  [
    { action: 'run', region: 'a', reason: 'r', lagMs: 5_000 },
    { status: 'warn', observed: 5_000, unit: 'ms' },
  ],
  [
    { action: 'run', region: 'a', reason: 'r', lagMs: 30_000 },
    { status: 'fail', observed: 30_000, unit: 'ms' },
  ],
  [{ action: 'run', region: 'a', reason: 'primary' }, undefined],
  [{ action: 'run', region: 'b', reason: 'r', lagMs: 90_000 }, undefined],
  [{ action: 'reject', reason: 'none' }, undefined],
])('lag is judged of the local standby against a known primary alone: %j', (explanation, result) => {
  const check = checks.replicaLag(routerThat(explanation), { warnMs: 5_000, failMs: 30_000 });
  expect(check(never, context)).toEqual(result);
});

test('a standby too far behind to be read from is judged too, and of several the freshest', () => {
  const refused: RouteExplanation = { action: 'reject', reason: 'no-readable-node' };
  const lagOf = (...nodes: readonly { region: string; lagMs?: number }[]): unknown =>
    checks.replicaLag(() => ({ explain: () => refused, topology: () => ({ nodes }) }), {
      warnMs: 5_000,
      failMs: 30_000,
    })(never, context);
  expect(lagOf({ region: 'a', lagMs: 60_000 })).toMatchObject({ status: 'fail', observed: 60_000 });
  expect(lagOf({ region: 'a', lagMs: 60_000 }, { region: 'a', lagMs: 20 })).toMatchObject({ status: 'pass' });
  expect(lagOf({ region: 'b', lagMs: 60_000 }, { region: 'a' })).toBeUndefined();
});

test('the limits of the lag must be in order, and the intent one of two', () => {
  const router = routerThat({ action: 'run', reason: '' });
  expect(() => checks.replicaLag(router, { warnMs: 5, failMs: 4 })).toThrow(/checks\.replicaLag: failMs .* from 5/);
  expect(() => checks.router(router, 'both' as never)).toThrow(/checks\.router: intent/);
  expect(() => checks.router({} as never, 'read')).toThrow(/checks\.router: router must be a function/);
});

test('a router that has probed nothing yet is waited for, and nothing is said to fail', async () => {
  const clock = fakeClock();
  const probed = deferred();
  let explanation: RouteExplanation = { action: 'reject', reason: 'no-readable-node' };
  const router = { explain: () => explanation, topology: () => ({}), ready: () => probed.promise };
  const result = checks.router(() => router, 'read')(never, contextOf(clock));
  explanation = { action: 'run', region: 'a', reason: 'local-replica' };
  probed.resolve();
  expect(await result).toEqual({ status: 'pass', message: 'local-replica' });
});

test('a router that cannot become ready says itself why', async () => {
  const router = {
    explain: (): RouteExplanation => ({ action: 'reject', reason: 'no-readable-node' }),
    ready: () => Promise.reject(new Error('28P01')),
  };
  expect(await checks.router(() => router, 'read')(never, contextOf(fakeClock()))).toEqual({
    status: 'fail',
    message: 'no-readable-node',
  });
});

test('a write that waits is unknown while a server was not probed, for at most five seconds', async () => {
  const clock = fakeClock();
  const states = ['replica', 'unknown'];
  const router = {
    explain: (): RouteExplanation => ({ action: 'hold', reason: 'no-primary' }),
    topology: () => ({ nodes: states.map((state) => ({ region: 'a', state })) }),
  };
  const check = checks.router(() => router, 'write');
  const another = checks.router(() => router, 'write');
  expect(check(never, contextOf(clock))).toEqual({ status: 'unknown', message: 'no-primary' });
  expect(another(never, contextOf(clock))).toMatchObject({ status: 'unknown' });
  await clock.advance(4_999);
  expect(check(never, contextOf(clock))).toMatchObject({ status: 'unknown' });
  await clock.advance(1);
  expect(check(never, contextOf(clock))).toEqual({ status: 'fail', message: 'no-primary' });
  states[1] = 'unreachable';
  expect(another(never, contextOf(clock))).toMatchObject({ status: 'fail' });
  // Once judged it is judged.
  states[1] = 'unknown';
  expect(another(never, contextOf(clock))).toMatchObject({ status: 'fail' });
});
