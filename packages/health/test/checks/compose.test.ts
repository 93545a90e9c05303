import { fakeClock, requestView } from '@regionkit/core/testing';
import { expect, test } from 'vitest';
import type { Check, CheckStatus } from '../../src/checks/check.ts';
import { all, any, cached, mapResult, withTimeout } from '../../src/checks/compose.ts';
import { contextOf, deferred } from '../helpers/fixtures.ts';

const clock = fakeClock();
const never = new AbortController().signal;
const run = async (check: Check): Promise<unknown> => check(never, contextOf(clock));
const says =
  (status: CheckStatus): Check =>
  () => ({ status });

test.each<[CheckStatus[], CheckStatus, CheckStatus]>([
  [['pass', 'pass'], 'pass', 'pass'],
  [['pass', 'warn'], 'warn', 'pass'],
  [['warn', 'fail'], 'fail', 'warn'],
  [['fail', 'pass', 'warn'], 'fail', 'pass'],
  [['fail', 'fail'], 'fail', 'fail'],
])('of %j, all is %s and any is %s', async (statuses, worst, best) => {
  expect(await run(all(...statuses.map(says)))).toMatchObject({ status: worst });
  expect(await run(any(...statuses.map(says)))).toMatchObject({ status: best });
});

test('all and any run side by side, and a check that throws is one that fails', async () => {
  const gates = [deferred(), deferred()];
  const begun: number[] = [];
  const checks = gates.map(
    (gate, at): Check =>
      () => {
        begun.push(at);
        return gate.promise;
      },
  );
  const result = run(any(...checks));
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  gates[0]?.reject(Object.assign(new Error('pw'), { code: 'ECONNRESET' }));
  gates[1]?.resolve();
  expect(await result).toMatchObject({ status: 'pass' });
  expect(
    await run(
      all(says('warn'), () => {
        throw Object.assign(new Error('pw'), { code: 'ECONNRESET' });
      }),
    ),
  ).toMatchObject({ status: 'fail', message: 'it threw ECONNRESET' });
});

test('all and any of nothing are refused', () => {
  expect(() => all()).toThrow(new RangeError('all must be given at least one check'));
  expect(() => any()).toThrow(RangeError);
  expect(() => all('x' as never)).toThrow(TypeError);
});

test('withTimeout fails when its own time is over, and aborts the check', async () => {
  const time = fakeClock();
  let reason: unknown;
  let calls = 0;
  const hang = deferred();
  const check = withTimeout((signal, { timeoutMs }) => {
    calls += 1;
    expect(timeoutMs).toBe(100);
    signal.addEventListener('abort', () => {
      reason = signal.reason;
    });
    return hang.promise;
  }, 100);
  const result = check(never, contextOf(time));
  await time.advance(100);
  expect(await result).toEqual({ status: 'fail', message: 'no answer within 100 ms' });
  expect(reason).toBeInstanceOf(Error);

  expect(await check(never, contextOf(time))).toMatchObject({ status: 'fail', message: 'still running' });
  expect(calls).toBe(1);
  hang.resolve();
  await time.advance(0);
  const again = check(never, contextOf(time));
  expect(await again).toMatchObject({ status: 'pass' });
  expect([calls, time.pending]).toEqual([2, 0]);
});

test('withTimeout passes on that the outer time is over', async () => {
  const outer = new AbortController();
  const check = withTimeout(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    10_000,
  );
  const result = check(outer.signal, contextOf(fakeClock()));
  outer.abort(new Error('outer'));
  expect(await result).toMatchObject({ status: 'fail' });
});

test('cached runs once for all who ask at once, keeps what did not fail, and no longer than it may', async () => {
  const time = fakeClock();
  let calls = 0;
  let status: CheckStatus = 'pass';
  const check = cached(async () => {
    calls += 1;
    return { status };
  }, 1_000);
  const ask = async (): Promise<unknown> => check(never, contextOf(time));
  await Promise.all([ask(), ask(), ask()]);
  await ask();
  expect(calls).toBe(1);
  await time.advance(1_000);
  status = 'fail';
  expect(await ask()).toMatchObject({ status: 'fail' });
  expect(await ask()).toMatchObject({ status: 'fail' });
  expect(calls).toBe(3);
});

test('mapResult sees the result, also of a check that threw', async () => {
  const softer = mapResult(
    () => {
      throw new Error('pw');
    },
    ({ status, message }) => ({ status: status === 'fail' ? 'warn' : status, message: `only ${message}` }),
  );
  expect(await run(softer)).toEqual({ status: 'warn', message: 'only it threw' });
});

test('a composed check hears requests for those it is made of, and closes them', () => {
  const heard: string[] = [];
  const part = (name: string): Check => {
    const check: Check = () => {};
    check.observe = () => heard.push(`${name} observed`);
    check.close = () => heard.push(`${name} closed`);
    return check;
  };
  const composed = all(
    withTimeout(part('one'), 10),
    cached(
      mapResult(part('two'), (result) => result),
      10,
    ),
    () => {},
  );
  composed.observe?.({ status: 200, headMs: 1, durationMs: 1, aborted: false, by: 'handler' }, requestView());
  composed.close?.();
  expect(heard).toEqual(['one observed', 'two observed', 'one closed', 'two closed']);
  expect(any(() => {}).observe).toBeUndefined();
});
