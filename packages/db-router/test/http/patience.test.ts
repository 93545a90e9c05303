import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, test } from 'vitest';
import { createPatience, HASTE } from '../../src/http/patience.ts';

function setUp() {
  const clock = fakeClock();
  let out = 0;
  const patience = createPatience({
    clock,
    ms: 1_000,
    bytesPerSecond: 100,
    onOut: () => {
      out += 1;
    },
  });
  return { clock, patience, out: () => out };
}

describe('createPatience()', () => {
  test('runs out only while it waits', async () => {
    const { clock, patience, out } = setUp();
    await clock.advance(5_000);
    patience.wait();
    await clock.advance(999);
    patience.moved(0);
    await clock.advance(5_000);
    // An upload that is done, and waits for the primary, keeps nobody waiting.
    expect([out(), patience.left()]).toEqual([0, 1]);
    patience.wait();
    expect(patience.left()).toBe(0.001);
    await clock.advance(1);
    expect(out()).toBe(1);
  });

  test('is bought by bytes, at the rate, and never hoarded', async () => {
    const { clock, patience, out } = setUp();
    // 1 byte in 200 ms, where 20 are due: each buys 10 ms.
    for (let bytes = 0; bytes < 5; bytes += 1) {
      patience.wait();
      await clock.advance(200);
      if (out() === 0) patience.moved(1);
    }
    expect(out()).toBe(0);
    patience.wait();
    await clock.advance(200);
    expect(out()).toBe(1);

    const other = setUp();
    other.patience.wait();
    other.patience.moved(1_000_000);
    other.patience.wait();
    await other.clock.advance(1_000);
    expect(other.out()).toBe(1);
  });

  test('lasts for ever with one that keeps to the rate', async () => {
    const { clock, patience, out } = setUp();
    for (let second = 0; second < 100; second += 1) {
      patience.wait();
      await clock.advance(900);
      patience.moved(90);
    }
    expect([out(), patience.left()]).toEqual([0, 1]);
  });

  test('is short for others with one that keeps to the rate and no more, and long with a faster one', async () => {
    const [slow, fast] = [setUp(), setUp()];
    for (let second = 0; second < 10; second += 1) {
      for (const [{ clock, patience }, bytes] of [
        [slow, 52],
        [fast, HASTE * 52],
      ] as const) {
        patience.wait();
        await clock.advance(500);
        patience.moved(bytes);
      }
    }
    for (const { patience } of [slow, fast]) patience.wait();
    expect([slow.out(), fast.out()]).toEqual([0, 0]);
    expect(slow.patience.left()).toBeLessThan(0.1);
    expect(fast.patience.left()).toBe(1);
  });

  test('leaves no timer behind', async () => {
    const { clock, patience, out } = setUp();
    patience.wait();
    patience.end();
    expect(clock.pending).toBe(0);
    patience.wait();
    await clock.advance(10_000);
    expect([out(), clock.pending]).toEqual([0, 0]);
  });
});
