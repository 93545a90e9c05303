import { expect, test } from 'vitest';
import { createElapsed } from '../src/elapsed.ts';
import { fakeClock } from './support.ts';

test('counts what both clocks count', async () => {
  const clock = fakeClock();
  const elapsed = createElapsed(clock);
  const before = elapsed.now();
  await clock.advance(5_000);
  expect(elapsed.jumped()).toBe(false);
  expect(elapsed.now() - before).toBe(5_000);
});

test('counts the time of a suspension that the monotonic clock did not see', () => {
  const clock = fakeClock();
  const elapsed = createElapsed(clock);
  const before = elapsed.now();
  clock.stepWall(3_600_000);
  expect(elapsed.jumped()).toBe(true);
  expect(elapsed.now() - before).toBe(3_600_000);
  expect(elapsed.jumped()).toBe(false);
});

test('tells a wall clock that was set back, but nothing gets younger by it', () => {
  const clock = fakeClock();
  const elapsed = createElapsed(clock);
  const before = elapsed.now();
  clock.stepWall(-3_600_000);
  expect(elapsed.jumped()).toBe(true);
  expect(elapsed.now()).toBe(before);
});
