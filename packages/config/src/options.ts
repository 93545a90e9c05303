import type { Logger, Regions } from '@regionkit/core';
import { type Clock, check, guardRandom, onlyGiven, systemClock } from '@regionkit/core/kit';
import type { Failure } from './failure.ts';
import type { Source } from './source.ts';

export interface RefreshOptions {
  /** Time between two refreshes of a value, in milliseconds. @default 900_000 */
  readonly everyMs?: number;
  /**
   * The share by which each interval varies at random, so that the processes of a fleet do not run in step. From 0 to
   * 0.5. @default 0.1
   */
  readonly jitter?: number;
  /** The longest time for one region's answer, including credentials, in milliseconds. @default 3_000 */
  readonly timeoutMs?: number;
  /** Time until the retry of a failed refresh, in milliseconds. It doubles up to `everyMs`. @default 30_000 */
  readonly retryMs?: number;
  /** The age at which a value expires, in milliseconds. @default 86_400_000 */
  readonly maxStaleMs?: number;
  /** The shortest time between two forced refreshes of one key, in milliseconds. @default 5_000 */
  readonly minForcedMs?: number;
  /**
   * The longest expected lag of a replica, in milliseconds. If the first region answers with an older version for
   * longer than this, that version is used. @default 3_600_000
   */
  readonly maxLagMs?: number;
  /**
   * After these failures the next region is asked. `denied`, `not-found` and `undecryptable` are real answers and not
   * in the default: another region must not grant a permission that was revoked. @default ['timeout', 'network',
   * 'unavailable', 'throttled', 'credentials']
   */
  readonly fallbackOn?: readonly Failure[];
}

export interface ConfigOptions<S extends Readonly<Record<string, Source>>> {
  /** The sources of the values, by the key under which you read them. */
  readonly sources: S;
  /** The map of regions. Its `self` is asked first. @default one region named 'local' */
  readonly regions?: Regions;
  /** The regions to ask if the own region does not answer, in this order. They need not be in the map. @default [] */
  readonly fallbackRegions?: readonly string[];
  readonly refresh?: RefreshOptions;
  /** What `get` does with an expired value: return the last good one, or throw. @default 'keep' */
  readonly onExpired?: 'keep' | 'throw';
  /** Gets failed refreshes, fallbacks and expiry, but never a value. @default none */
  readonly logger?: Logger;
  /** @default the real clock */
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

const REFRESH_DEFAULTS: Required<RefreshOptions> = {
  everyMs: 900_000,
  jitter: 0.1,
  timeoutMs: 3_000,
  retryMs: 30_000,
  maxStaleMs: 86_400_000,
  minForcedMs: 5_000,
  maxLagMs: 3_600_000,
  fallbackOn: ['timeout', 'network', 'unavailable', 'throttled', 'credentials'],
};

const FAILURES: readonly Failure[] = [
  ...REFRESH_DEFAULTS.fallbackOn,
  'denied',
  'not-found',
  'undecryptable',
  'refused',
  'invalid',
  'unknown',
];

/** The longest delay of a timer. */
const MAX_TIMER_MS = 2_147_483_647;

/** The checked options with all defaults. */
export interface Settings {
  readonly regions: readonly string[];
  readonly refresh: Required<RefreshOptions>;
  readonly onExpired: 'keep' | 'throw';
  readonly logger: Logger | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** @throws {TypeError | RangeError} An option is wrong. */
export function checkOptions(options: ConfigOptions<Readonly<Record<string, Source>>>): Settings {
  check.object('loadConfig: options', options, [
    'sources',
    'regions',
    'fallbackRegions',
    'refresh',
    'onExpired',
    'logger',
    'clock',
    'random',
  ]);
  check.object('loadConfig: sources', options.sources);
  for (const [key, source] of Object.entries(options.sources)) checkSource(`loadConfig: sources.${key}`, source);
  const self = options.regions === undefined ? 'local' : check.string('loadConfig: regions.self', options.regions.self);
  const fallback = checkRegions('loadConfig: fallbackRegions', options.fallbackRegions ?? []);
  return {
    regions: [...new Set([self, ...fallback])],
    refresh: checkRefresh(options.refresh ?? {}),
    onExpired: check.oneOf('loadConfig: onExpired', options.onExpired ?? 'keep', ['keep', 'throw']),
    logger: options.logger === undefined ? undefined : check.logger('loadConfig: logger', options.logger),
    clock: check.clock('loadConfig: clock', options.clock ?? systemClock),
    random: guardRandom(check.function('loadConfig: random', options.random ?? Math.random)),
  };
}

function checkRefresh(given: RefreshOptions): Required<RefreshOptions> {
  const names = Object.keys(REFRESH_DEFAULTS) as (keyof RefreshOptions)[];
  check.object('loadConfig: refresh', given, names);
  const refresh = { ...REFRESH_DEFAULTS, ...onlyGiven(given) };
  for (const name of ['everyMs', 'timeoutMs', 'retryMs', 'minForcedMs', 'maxLagMs'] as const) {
    check.integer(`loadConfig: refresh.${name}`, refresh[name], { min: 1, max: MAX_TIMER_MS });
  }
  check.number('loadConfig: refresh.jitter', refresh.jitter, { max: 0.5 });
  check.number('loadConfig: refresh.maxStaleMs', refresh.maxStaleMs, { min: 1, max: Number.POSITIVE_INFINITY });
  if (!Array.isArray(refresh.fallbackOn)) throw new TypeError('loadConfig: refresh.fallbackOn must be an array');
  for (const failure of refresh.fallbackOn) check.oneOf('loadConfig: refresh.fallbackOn', failure, FAILURES);
  return refresh;
}

function checkRegions(option: string, given: readonly string[]): readonly string[] {
  if (!Array.isArray(given)) throw new TypeError(`${option} must be an array of region names`);
  return given.map((region) => check.string(option, region));
}

function checkSource(option: string, source: Source): void {
  check.object(option, source);
  check.function(`${option}.load`, source.load);
  if (source.everyMs !== undefined && source.everyMs !== Number.POSITIVE_INFINITY) {
    check.integer(`${option}.everyMs`, source.everyMs, { min: 1, max: MAX_TIMER_MS });
  }
  if (source.regions !== undefined) checkRegions(`${option}.regions`, source.regions);
  if (source.schema !== undefined && typeof source.schema?.['~standard']?.validate !== 'function') {
    throw new TypeError(`${option}.schema must be a Standard Schema`);
  }
}
