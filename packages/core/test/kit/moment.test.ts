import { expect, test } from 'vitest';
import { noteMoment } from '../../src/kit/index.ts';
import { fakeClock } from '../../src/testing/index.ts';

const HOUR_MS = 3_600_000;

test('the shown time of a moment does not change as time goes on', async () => {
  const clock = fakeClock();
  const begunMs = clock.wallMs();
  const shownMs = noteMoment(clock);
  await clock.advance(5_000);
  expect(shownMs()).toBe(begunMs);
});

test.each([HOUR_MS, -HOUR_MS, 1_500])('its age is right after the wall clock was set by %i ms', async (stepMs) => {
  const clock = fakeClock();
  const shownMs = noteMoment(clock);
  await clock.advance(5_000);
  clock.stepWall(stepMs);
  expect(clock.wallMs() - shownMs()).toBe(5_000);
  await clock.advance(5_000);
  expect(clock.wallMs() - shownMs()).toBe(10_000);
});

test('drift of the wall clock does not make the shown time flicker, and does not add up', async () => {
  const clock = fakeClock();
  const begunMs = clock.wallMs();
  const shownMs = noteMoment(clock);
  for (let step = 1; step <= 10; step += 1) {
    clock.stepWall(100);
    expect(shownMs()).toBe(begunMs);
  }
  clock.stepWall(100);
  expect(clock.wallMs() - shownMs()).toBe(0);
});

test('a moment may lie in the past', async () => {
  const clock = fakeClock();
  const shownMs = noteMoment(clock, 2_000.4);
  expect(clock.wallMs() - shownMs()).toBe(2_000);
  clock.stepWall(HOUR_MS);
  expect(clock.wallMs() - shownMs()).toBe(2_000);
});
