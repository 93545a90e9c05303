import { afterEach, describe, expect, test } from 'vitest';
import { NAMES, type Name, type Network, network } from '../helpers/network.ts';

// The figures of docs/capacity.md, with the defaults.
const REGIONS = NAMES.length;
const INTERVAL_MS = 2_000;
const URGENT_MS = 250;

let world: Network | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** How many questions each process asks in that time, its own origin included. */
async function questionsIn(ms: number, states: Partial<Record<Name, string>> = {}): Promise<Record<Name, number>> {
  world = network();
  const asked: Record<Name, number> = { a: 0, b: 0, c: 0 };
  Object.assign(world.states, states);
  // Until each has started and has asked once.
  await world.advance(2 * INTERVAL_MS);
  world.between = (from) => {
    asked[from] += 1;
    return undefined;
  };
  await world.advance(ms);
  return asked;
}

describe('a process asks', () => {
  test('the origin of every region, its own included, once in each interval', async () => {
    const minute = await questionsIn(60_000);
    const perMinute = (REGIONS * 60_000) / INTERVAL_MS;
    for (const name of NAMES) {
      expect(minute[name]).toBeGreaterThanOrEqual(perMinute - REGIONS);
      expect(minute[name]).toBeLessThanOrEqual(perMinute + REGIONS);
    }
  });

  test('every region once in each urgent interval while it knows no primary, and no other process asks more', async () => {
    const minute = await questionsIn(60_000, { b: 'no-primary' });
    const urgent = (REGIONS * 60_000) / URGENT_MS;
    expect(minute.b).toBeGreaterThan(urgent * 0.8);
    expect(minute.b).toBeLessThanOrEqual(urgent + REGIONS);
    expect(minute.a).toBeLessThanOrEqual((REGIONS * 60_000) / INTERVAL_MS + REGIONS);
  });
});
