import { tmpdir } from 'node:os';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { diskCheck, memoryCheck, prismaCheck, redisCheck } from '../../src/dependency-checks/index.ts';
import type { Check, CheckResult } from '../../src/index.ts';

const run = async (check: Check): Promise<CheckResult | undefined> =>
  (await check(new AbortController().signal, { timeoutMs: 1_000, clock: fakeClock(), self: 'us' })) as never;

describe('memoryCheck()', () => {
  it.each([
    [10, 50, 'pass', 50],
    [10, 85, 'warn', 85],
    [96, 50, 'fail', 96],
    [95, 95, 'fail', 95],
  ])('judges the larger share: heap %d, resident %d', async (heap, resident, status, observed) => {
    const measure = () => [
      { used: heap, limit: 100 },
      { used: resident * 2, limit: 200 },
    ];
    expect(await run(memoryCheck({ measure }))).toEqual({ status, observed, unit: '%' });
  });

  it('measures this process', async () => {
    const result = await run(memoryCheck({ warnShare: 0, failShare: 1 }));
    expect(result?.status).toBe('warn');
    expect(result?.observed).toBeGreaterThan(0);
  });
});

describe('diskCheck()', () => {
  it('measures the file system of a path, and fails for one that is not there', async () => {
    const result = await run(diskCheck({ path: tmpdir(), warnShare: 0, failShare: 1 }));
    expect(result).toMatchObject({ unit: '%' });
    expect(result?.observed).toBeGreaterThanOrEqual(0);
    await expect(run(diskCheck({ path: '/nowhere/at/all' }))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([{ warnShare: 2 }, { failShare: 0.1 }, { path: '' }, { other: 1 }])('refuses %j', (options) => {
    expect(() => diskCheck(options as never)).toThrow();
    expect(() => memoryCheck({ ...options, path: undefined } as never)).toThrow();
  });
});

describe('redisCheck()', () => {
  const pong = { ping: async () => 'PONG' };

  it.each([
    ['any client that answers', pong, 'pass'],
    ['redis that is ready', { ...pong, isReady: true }, 'pass'],
    ['ioredis that is ready', { ...pong, status: 'ready' }, 'pass'],
    ['ioredis with lazyConnect', { ...pong, status: 'wait' }, 'pass'],
    ['an answer in bytes', { ping: async () => Buffer.from('PONG') }, 'pass'],
    ['another answer', { ping: async () => 'LOADING' }, 'fail'],
  ])('%s', async (_what, client, status) => {
    expect(await run(redisCheck(() => client))).toMatchObject({ status });
  });

  it.each([{ isReady: false }, { status: 'reconnecting' }, { status: 'end' }])(
    'fails at once for %j, because a command would wait',
    async (state) => {
      const ping = (): Promise<never> => new Promise(() => {});
      expect(await run(redisCheck(() => ({ ping, ...state })))).toMatchObject({
        status: 'fail',
        message: 'not connected',
      });
    },
  );

  it('fails with the error of the client, and refuses what is no function', async () => {
    await expect(run(redisCheck(() => ({ ping: () => Promise.reject(new Error('closed')) })))).rejects.toThrow(
      'closed',
    );
    expect(() => redisCheck(pong as never)).toThrow(TypeError);
  });
});

describe('prismaCheck()', () => {
  it('asks one query, and fails as it does', async () => {
    const asked: string[] = [];
    const prisma = {
      $queryRawUnsafe: async (query: string) => {
        asked.push(query);
        if (query !== 'SELECT 1') throw new Error('no table');
        return [{ one: 1 }];
      },
    };
    expect(await run(prismaCheck(() => prisma))).toBeUndefined();
    await expect(run(prismaCheck(() => prisma, 'SELECT 2'))).rejects.toThrow('no table');
    expect(asked).toEqual(['SELECT 1', 'SELECT 2']);
    expect(() => prismaCheck(prisma as never)).toThrow(TypeError);
  });
});
