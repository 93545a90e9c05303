import { expect, test, vi } from 'vitest';
import { createJumpDetector, systemClock } from '../../src/kit/index.ts';
import { fakeClock } from '../../src/testing/index.ts';

const { setInterval: realInterval, clearInterval: clearRealInterval } = globalThis;

test("the system clock stays real while a test of the app fakes its timers; the calendar is the app's", async () => {
  const before = systemClock.now();
  vi.useFakeTimers({ now: 0 });
  try {
    vi.advanceTimersByTime(60 * 86_400_000);
    expect(systemClock.now() - before).toBeLessThan(86_400_000);
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.wallMs()).toBe(60 * 86_400_000);
    const alive = realInterval(() => {}, 1_000);
    await new Promise<void>((resolve) => systemClock.schedule(resolve, 1));
    clearRealInterval(alive);
  } finally {
    vi.useRealTimers();
  }
});

test('the system clock runs what was scheduled, unless it was called off, and keeps no process alive', async () => {
  const ran: string[] = [];
  const cancel = systemClock.schedule(() => ran.push('cancelled'), 0);
  cancel();
  await new Promise<void>((resolve) => {
    systemClock.schedule(() => {
      ran.push('run');
      resolve();
    }, 0);
    // The clock's own timer is unref'ed: without this one the test could end first.
    setTimeout(resolve, 5_000).unref();
    setImmediate(function wait() {
      if (ran.length === 0) setImmediate(wait);
    });
  });
  expect(ran).toEqual(['run']);
  expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(60_000);
  expect(systemClock.now()).toBeLessThanOrEqual(performance.now());
});

test('a jump is told once', () => {
  const clock = fakeClock();
  const { jumped } = createJumpDetector(clock, { toleranceMs: 1_000 });
  expect(jumped()).toBe(false);
  clock.stepWall(1_001);
  expect([jumped(), jumped()]).toEqual([true, false]);
  clock.stepWall(-5_000);
  expect([jumped(), jumped()]).toEqual([true, false]);
});

test('a wall clock that is slewed within the tolerance has not jumped', async () => {
  const clock = fakeClock();
  const { jumped } = createJumpDetector(clock);
  for (let at = 0; at < 10; at += 1) {
    clock.stepWall(900);
    await clock.advance(60_000);
    expect(jumped()).toBe(false);
  }
});

test('a gap is a jump only where looks come at a rhythm', () => {
  const clock = fakeClock();
  const rhythmic = createJumpDetector(clock, { maxGapMs: 5_000 });
  const idle = createJumpDetector(clock);
  clock.suspend(5_001);
  expect([rhythmic.jumped(), rhythmic.jumped(), idle.jumped()]).toEqual([true, false, false]);
});
