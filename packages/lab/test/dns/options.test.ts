import { describe, expect, test } from 'vitest';
import { checkLatencyDnsOptions, type LatencyDnsOptions } from '../../src/dns/options.ts';
import { createLatencyDns } from '../../src/index.ts';

const endpoints = { us: 'http://127.0.0.1:1/health', eu: 'https://127.0.0.1:2/health' };
const settle = (options: Partial<LatencyDnsOptions<'us' | 'eu'>>) => checkLatencyDnsOptions({ endpoints, ...options });

describe('defaults', () => {
  test('are those of Route 53', () => {
    expect(settle({})).toMatchObject({
      regions: ['us', 'eu'],
      intervalMs: 30_000,
      failureThreshold: 3,
      searchString: undefined,
      checkers: 16,
      ttlMs: 60_000,
      slackMs: 0,
      allowances: { connectMs: 4_000, statusMs: 2_000, bodyMs: 2_000 },
    });
  });

  test('speed divides every duration', () => {
    expect(settle({ speed: 4, intervalMs: 10_000, slackMs: 8_000 })).toMatchObject({
      intervalMs: 2_500,
      ttlMs: 15_000,
      slackMs: 2_000,
      allowances: { connectMs: 1_000, statusMs: 500, bodyMs: 500 },
    });
  });

  test('but an app always has a quarter of a second: it is no quicker than it is', () => {
    expect(settle({ speed: 100 }).allowances).toEqual({ connectMs: 250, statusMs: 250, bodyMs: 250 });
  });
});

describe('a bad option is refused before anything is asked', () => {
  const cases: [what: string, options: object, error: Error][] = [
    [
      'no endpoint',
      { endpoints: {} },
      new RangeError('createLatencyDns: endpoints must name at least one region; got none'),
    ],
    [
      'endpoints are no object',
      { endpoints: 'us' },
      new TypeError('createLatencyDns: endpoints must be an object; got string'),
    ],
    [
      'an endpoint that is no URL',
      { endpoints: { us: '127.0.0.1:3000' } },
      new RangeError('createLatencyDns: endpoints[\'us\'] must be an http or https URL; got "127.0.0.1:3000"'),
    ],
    [
      'an endpoint of another scheme',
      { endpoints: { us: 'tcp://127.0.0.1:3000' } },
      new RangeError('createLatencyDns: endpoints[\'us\'] must be an http or https URL; got "tcp://127.0.0.1:3000"'),
    ],
    [
      'a clock that is none',
      { clock: {} },
      new TypeError('createLatencyDns: clock.now must be a function; got undefined'),
    ],
    [
      'an interval Route 53 does not have',
      { intervalMs: 20_000 },
      new RangeError('createLatencyDns: intervalMs must be one of 10000, 30000; got number'),
    ],
    [
      'a threshold beyond its limits',
      { failureThreshold: 11 },
      new RangeError('createLatencyDns: failureThreshold must be an integer from 1 to 10; got 11'),
    ],
    [
      'slower than real',
      { speed: 0.5 },
      new RangeError('createLatencyDns: speed must be a number from 1 to 1000; got 0.5'),
    ],
    [
      'no checkers',
      { checkers: 0 },
      new RangeError('createLatencyDns: checkers must be an integer from 1 to 100; got 0'),
    ],
    [
      'an empty search string',
      { searchString: '' },
      new RangeError('createLatencyDns: searchString must not be empty'),
    ],
    [
      'a negative TTL',
      { ttlMs: -1 },
      new RangeError('createLatencyDns: ttlMs must be a number from 0 to 86400000; got -1'),
    ],
    [
      'a way from nowhere',
      { roundTripMs: { moon: { us: 2_500 } } },
      new TypeError('createLatencyDns: roundTripMs has no option "moon"; it takes us, eu'),
    ],
    [
      'a misspelt option',
      { ttl: 60 },
      new TypeError(
        'createLatencyDns: options has no option "ttl"; it takes endpoints, roundTripMs, intervalMs, failureThreshold, searchString, checkers, ttlMs, slackMs, speed, clock, random',
      ),
    ],
  ];
  test.each(cases)('%s', (_what, options, error) => {
    expect(() => createLatencyDns({ endpoints, ...options })).toThrow(error);
  });
});
