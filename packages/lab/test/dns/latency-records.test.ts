import { describe, expect, test } from 'vitest';
import { answerOf, byLatency } from '../../src/dns/latency-records.ts';
import { readRoundTrips } from '../../src/round-trips.ts';

const regions = ['us', 'eu', 'ap'] as const;
const roundTripMs = readRoundTrips('roundTripMs', { us: { eu: 75, ap: 220 }, eu: { ap: 175 } }, regions);

describe('byLatency', () => {
  test('the nearest comes first, and its own place before all', () => {
    expect(byLatency('us', regions, roundTripMs)).toEqual(['us', 'eu', 'ap']);
    expect(byLatency('eu', regions, roundTripMs)).toEqual(['eu', 'us', 'ap']);
    expect(byLatency('ap', regions, roundTripMs)).toEqual(['ap', 'eu', 'us']);
  });

  test('ties keep the order of the regions', () => {
    expect(byLatency('eu', regions, () => 0)).toEqual(['eu', 'us', 'ap']);
  });
});

describe('answerOf', () => {
  const order = ['us', 'eu', 'ap'] as const;
  const healthy =
    (...names: readonly string[]) =>
    (region: string) =>
      names.includes(region);

  test('the nearest healthy region answers', () => {
    expect(answerOf(order, healthy('us', 'eu', 'ap'))).toBe('us');
    expect(answerOf(order, healthy('eu', 'ap'))).toBe('eu');
    expect(answerOf(order, healthy('ap'))).toBe('ap');
  });

  test('all unhealthy means all healthy', () => {
    expect(answerOf(order, healthy())).toBe('us');
  });
});
