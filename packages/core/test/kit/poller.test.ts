import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { createPoller } from '../../src/kit/index.ts';
import { fakeClock } from '../../src/testing/index.ts';

function start({
  run = (): void | Promise<void> => {},
  everyMs = (): number => 1_000,
  random = (): number => 0.5,
  jitter = 0.1,
} = {}) {
  const clock = fakeClock();
  const rounds: number[] = [];
  const began = clock.now();
  const poller = createPoller({
    clock,
    random,
    jitter,
    everyMs,
    run: () => {
      rounds.push(clock.now() - began);
      return run();
    },
  });
  return { clock, poller, rounds };
}

describe('createPoller()', () => {
  test('runs at once and then again after each wait', async () => {
    const { clock, rounds } = start();
    expect(rounds).toEqual([0]);
    await clock.advance(3_500);
    expect(rounds).toEqual([0, 1_000, 2_000, 3_000]);
  });

  test('never overlaps rounds: the wait begins when a round has ended', async () => {
    const ends: (() => void)[] = [];
    const { clock, rounds } = start({ run: () => new Promise((resolve) => ends.push(resolve)) });
    await clock.advance(10_000);
    expect(rounds).toEqual([0]);
    ends[0]?.();
    await clock.advance(1_500);
    expect(rounds).toEqual([0, 11_000]);
  });

  test.each([
    [0, 900],
    [0.999_999, 1_100],
  ])('spreads its waits by the jitter (random %d)', async (random, waitMs) => {
    const { clock, rounds } = start({ random: () => random });
    await clock.advance(waitMs + 1);
    expect(rounds).toHaveLength(2);
    expect(rounds[1]).toBeCloseTo(waitMs, 0);
  });

  test('asks anew how long to wait', async () => {
    let everyMs = 1_000;
    const { clock, rounds } = start({ everyMs: () => everyMs });
    await clock.advance(1_000);
    everyMs = 250;
    await clock.advance(1_500);
    expect(rounds).toEqual([0, 1_000, 2_000, 2_250, 2_500]);
  });

  test('goes on after a round that throws or rejects', async () => {
    let count = 0;
    const { clock, rounds } = start({
      run: () => {
        count += 1;
        if (count === 1) throw new Error('a bug');
        if (count === 2) return Promise.reject(new Error('a late bug'));
      },
    });
    await clock.advance(2_000);
    expect(rounds).toEqual([0, 1_000, 2_000]);
  });

  test('woken, it runs at once and waits anew', async () => {
    const { clock, poller, rounds } = start();
    await clock.advance(400);
    poller.wake();
    expect(rounds).toEqual([0, 400]);
    await clock.advance(1_000);
    expect(rounds).toEqual([0, 400, 1_400]);
  });

  test('woken during a round, however often, it runs once more when that has ended', async () => {
    const ends: (() => void)[] = [];
    const { clock, poller, rounds } = start({ run: () => new Promise((resolve) => ends.push(resolve)) });
    for (let at = 0; at < 5; at += 1) poller.wake();
    ends[0]?.();
    await clock.advance(10);
    ends[1]?.();
    await clock.advance(10);
    expect(rounds).toHaveLength(2);
  });

  test('settles when the round under way and the one that is due have ended', async () => {
    const ends: (() => void)[] = [];
    const { clock, poller } = start({ run: () => new Promise((resolve) => ends.push(resolve)) });
    let settled = false;
    poller.wake();
    const waiting = poller.settled().then(() => {
      settled = true;
    });
    ends[0]?.();
    await clock.advance(0);
    expect(settled).toBe(false);
    ends[1]?.();
    await waiting;
    await poller.settled();
  });

  test('settles though it is woken again in every round', async () => {
    const ends: (() => void)[] = [];
    const { clock, poller, rounds } = start({ run: () => new Promise((resolve) => ends.push(resolve)) });
    poller.wake();
    let settled = false;
    void poller.settled().then(() => {
      settled = true;
    });
    for (const round of [0, 1]) {
      poller.wake();
      expect(settled).toBe(false);
      ends[round]?.();
      await clock.advance(0);
    }
    expect(settled).toBe(true);
    expect(rounds).toHaveLength(3);
  });

  test('settles with the round that was due when it was closed', async () => {
    const ends: (() => void)[] = [];
    const { clock, poller, rounds } = start({ run: () => new Promise((resolve) => ends.push(resolve)) });
    poller.wake();
    const settled = poller.settled();
    poller.close();
    ends[0]?.();
    await settled;
    await clock.advance(0);
    expect(rounds).toEqual([0]);
  });

  test('closed, it leaves nothing behind and cannot be woken', async () => {
    const { clock, poller, rounds } = start();
    await clock.advance(0);
    expect(clock.pending).toBe(1);
    poller.close();
    poller.close();
    expect(clock.pending).toBe(0);
    poller.wake();
    await clock.advance(5_000);
    expect(rounds).toEqual([0]);
  });

  test('closed during a round, it begins no other, even if it was woken', async () => {
    const ends: (() => void)[] = [];
    const { clock, poller, rounds } = start({ run: () => new Promise((resolve) => ends.push(resolve)) });
    poller.wake();
    poller.close();
    ends[0]?.();
    await clock.advance(5_000);
    expect(rounds).toEqual([0]);
    expect(clock.pending).toBe(0);
  });
});

test('a random or an everyMs that throws ends neither the poller nor the process', async () => {
  const fails = (): number => {
    throw new Error('of the app');
  };
  const drawn = start({ random: fails });
  await drawn.clock.advance(3_500);
  expect(drawn.rounds).toEqual([0, 1_000, 2_000, 3_000]);
  const timed = start({ everyMs: fails });
  await timed.clock.advance(3_500);
  expect(timed.rounds).toEqual([0, 1_000, 2_000, 3_000]);
});

test('a request that wakes it does not lend its context to the rounds that follow', async () => {
  const requests = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const { clock, poller } = start({ run: () => void seen.push(requests.getStore()) });
  await clock.advance(0);
  requests.run('request', () => poller.wake());
  await clock.advance(2_500);
  expect(seen).toEqual([undefined, undefined, undefined, undefined]);
});
