import { fakeClock } from '@regionkit/core/testing';
import { expect, it } from 'vitest';
import { createPairing } from '../../src/connection/pairing.ts';

const MINUTE_MS = 60_000;

it('is off for a minute after a miss, and twice as long after each further one, an hour at most', () => {
  const clock = fakeClock();
  const pairing = createPairing(clock);
  expect(pairing.isOn).toBe(true);
  for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
    pairing.noteMissed();
    clock.suspend(minutes * MINUTE_MS - 1);
    expect([minutes, pairing.isOn]).toEqual([minutes, false]);
    clock.suspend(1);
    expect([minutes, pairing.isOn]).toEqual([minutes, true]);
  }
});

it('counts the misses of several connections at once as one, and begins again after a long time without a miss', () => {
  const clock = fakeClock();
  const pairing = createPairing(clock);
  for (let connection = 0; connection < 5; connection += 1) pairing.noteMissed();
  clock.suspend(MINUTE_MS);
  expect(pairing.isOn).toBe(true);
  pairing.noteMissed();
  clock.suspend(2 * MINUTE_MS + 4 * MINUTE_MS);
  pairing.noteAnswered();
  pairing.noteMissed();
  clock.suspend(MINUTE_MS);
  expect(pairing.isOn).toBe(true);
});

it('is off for twice as long after the next miss, although pairs were answered before the miss and between', () => {
  const clock = fakeClock();
  const pairing = createPairing(clock);
  pairing.noteAnswered();
  pairing.noteMissed();
  // Another connection was answered before.
  pairing.noteAnswered();
  clock.suspend(MINUTE_MS);
  pairing.noteAnswered();
  pairing.noteMissed();
  clock.suspend(2 * MINUTE_MS - 1);
  expect(pairing.isOn).toBe(false);
  clock.suspend(1);
  expect(pairing.isOn).toBe(true);
});
