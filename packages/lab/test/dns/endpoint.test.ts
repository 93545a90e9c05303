import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, test } from 'vitest';
import { createEndpoint } from '../../src/dns/endpoint.ts';

const setUp = () => {
  const clock = fakeClock({ now: 0 });
  const endpoint = createEndpoint({ checkers: 16, failureThreshold: 3, clock });
  /** One look of each of these checkers, in order; which of them turned the endpoint. */
  const round = (passed: boolean, from = 0, to = 16): number[] => {
    const turned: number[] = [];
    for (let checker = from; checker < to; checker += 1)
      if (endpoint.recordCheck(checker, passed)) turned.push(checker);
    return turned;
  };
  return { clock, endpoint, round };
};

describe('the verdict', () => {
  test('a new endpoint is healthy before anybody has looked', () => {
    expect(setUp().endpoint.status).toEqual({ healthy: true, healthyCheckers: 16, checkers: 16 });
  });

  test('it turns with the fourteenth checker that has seen three failures in a row', () => {
    const { endpoint, round } = setUp();
    expect([...round(false), ...round(false)]).toEqual([]);
    expect(round(false)).toEqual([13]);
    expect(endpoint.status).toEqual({ healthy: false, healthyCheckers: 0, checkers: 16 });
  });

  test('three checkers that still reach it keep it in for ever', () => {
    const { endpoint, round } = setUp();
    for (let rounds = 0; rounds < 20; rounds += 1) round(false, 3);
    expect(endpoint.status).toMatchObject({ healthy: true, healthyCheckers: 3 });
  });

  test('it is back with the third checker that has seen three passes in a row', () => {
    const { round } = setUp();
    for (let rounds = 0; rounds < 3; rounds += 1) round(false);
    expect([...round(true), ...round(true)]).toEqual([]);
    expect(round(true)).toEqual([2]);
  });
});

describe('the departure', () => {
  test('there is none before it turned, and none for a fault after it turned', async () => {
    const { clock, endpoint, round } = setUp();
    await clock.advance(1_000);
    expect(endpoint.failoverTimes(0)).toBeUndefined();
    for (let rounds = 0; rounds < 3; rounds += 1) round(false);
    expect(endpoint.failoverTimes(1_000)?.totalMs).toBe(0);
    expect(endpoint.failoverTimes(1_001)).toBeUndefined();
  });

  test('it counts what was led there while it was unhealthy, and nothing once it is back', async () => {
    const { clock, endpoint, round } = setUp();
    await clock.advance(100);
    round(true); // still says so 100 ms into the fault
    for (let rounds = 0; rounds < 3; rounds += 1) {
      await clock.advance(250);
      round(false);
    }
    await clock.advance(400);
    endpoint.recordConnection();
    const split = { appMs: 100, checkersMs: 750, cachesMs: 400, totalMs: 1_250 };
    expect(endpoint.failoverTimes(0)).toEqual(split);
    await clock.advance(5_000);
    for (let rounds = 0; rounds < 3; rounds += 1) round(true);
    endpoint.recordConnection();
    expect(endpoint.failoverTimes(0)).toEqual(split);
  });

  test('the next one replaces it', async () => {
    const { clock, endpoint, round } = setUp();
    for (const passed of [false, true, false]) {
      await clock.advance(1_000);
      for (let rounds = 0; rounds < 3; rounds += 1) round(passed);
    }
    expect(endpoint.failoverTimes(2_500)).toEqual({ appMs: 0, checkersMs: 500, cachesMs: 0, totalMs: 500 });
  });
});
