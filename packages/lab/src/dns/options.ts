import { type Clock, check, systemClock } from '@regionkit/core/kit';
import { type RoundTrips, readRoundTrips } from '../round-trips.ts';
import type { Allowances } from './health-check.ts';

/**
 * The options of {@link createLatencyDns}. All durations are those of the real Route 53; `speed` divides them. Only
 * `endpoints` is required.
 */
export interface LatencyDnsOptions<Name extends string = string> {
  /** The URL that the checkers request for each region, for example `http://127.0.0.1:3001/health`. */
  readonly endpoints: Readonly<Record<Name, string>>;
  /**
   * The round trip between regions in milliseconds, as for `createLab`. The DNS sends a client to the nearest healthy
   * region. The client's own region is the nearest; ties follow the order of `endpoints`. @default 0
   */
  readonly roundTripMs?: number | RoundTrips<NoInfer<Name>>;
  /** How long a checker waits from an answer to its next request, in milliseconds. @default 30_000 */
  readonly intervalMs?: 10_000 | 30_000;
  /** How many results in a row change the opinion of a checker, in both directions; 1 to 10. @default 3 */
  readonly failureThreshold?: number;
  /** Must be within the first 5,120 bytes of the body, and arrive within 2 s. @default none */
  readonly searchString?: string;
  /** How many checkers each endpoint has. @default 16 */
  readonly checkers?: number;
  /** How long a resolver caches an answer, in milliseconds. @default 60_000 */
  readonly ttlMs?: number;
  /**
   * The largest extra time for which it still uses an expired answer, as some runtimes and resolvers do. In
   * milliseconds. @default 0
   */
  readonly slackMs?: number;
  /**
   * The factor by which everything is faster than Route 53: 40 turns 10 s into 250 ms. The times for the app to connect
   * and to answer (4 s and 2 s) are at least 250 ms each, because the app does not get faster. @default 1
   */
  readonly speed?: number;
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

export interface CheckedLatencyDnsOptions<Name extends string> {
  readonly regions: readonly Name[];
  readonly endpoint: (region: Name) => URL;
  readonly roundTripMs: (from: Name, to: Name) => number;
  readonly intervalMs: number;
  readonly failureThreshold: number;
  readonly searchString: string | undefined;
  readonly checkers: number;
  readonly ttlMs: number;
  readonly slackMs: number;
  readonly allowances: Allowances;
  readonly clock: Clock;
  readonly random: () => number;
}

const KNOWN = [
  'endpoints',
  'roundTripMs',
  'intervalMs',
  'failureThreshold',
  'searchString',
  'checkers',
  'ttlMs',
  'slackMs',
  'speed',
  'clock',
  'random',
] as const;
const MAX_TTL_MS = 86_400_000;
const ALLOWANCES: Allowances = { connectMs: 4_000, statusMs: 2_000, bodyMs: 2_000 };
const LEAST_ALLOWANCE_MS = 250;

export function checkLatencyDnsOptions<Name extends string>(
  options: LatencyDnsOptions<Name>,
): CheckedLatencyDnsOptions<Name> {
  const named = (option: string): string => `createLatencyDns: ${option}`;
  check.object(named('options'), options, [...KNOWN]);
  const urls = new Map(
    Object.entries(check.object(named('endpoints'), options.endpoints)).map(([region, url]) => {
      return [region as Name, readUrl(named(`endpoints['${region}']`), url)];
    }),
  );
  const regions = [...urls.keys()];
  if (regions.length === 0) throw new RangeError(`${named('endpoints')} must name at least one region; got none`);

  const { searchString } = options;
  const speed = check.number(named('speed'), options.speed ?? 1, { min: 1, max: 1_000 });
  const duration = (option: 'ttlMs' | 'slackMs', byDefault: number): number =>
    check.number(named(option), options[option] ?? byDefault, { max: MAX_TTL_MS }) / speed;
  const allow = (ms: number): number => Math.max(ms / speed, LEAST_ALLOWANCE_MS);
  return {
    regions,
    endpoint: (region) => urls.get(region) as URL,
    roundTripMs: readRoundTrips(named('roundTripMs'), options.roundTripMs ?? 0, regions),
    intervalMs: check.oneOf(named('intervalMs'), options.intervalMs ?? 30_000, [10_000, 30_000]) / speed,
    failureThreshold: check.integer(named('failureThreshold'), options.failureThreshold ?? 3, { min: 1, max: 10 }),
    searchString: searchString === undefined ? undefined : check.string(named('searchString'), searchString),
    checkers: check.integer(named('checkers'), options.checkers ?? 16, { min: 1, max: 100 }),
    ttlMs: duration('ttlMs', 60_000),
    slackMs: duration('slackMs', 0),
    allowances: {
      connectMs: allow(ALLOWANCES.connectMs),
      statusMs: allow(ALLOWANCES.statusMs),
      bodyMs: allow(ALLOWANCES.bodyMs),
    },
    clock: check.clock(named('clock'), options.clock ?? systemClock),
    random: check.function(named('random'), options.random ?? Math.random),
  };
}

function readUrl(option: string, given: unknown): URL {
  const text = check.string(option, given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RangeError(`${option} must be an http or https URL; got ${JSON.stringify(text)}`);
  }
  return url;
}
