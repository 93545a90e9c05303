import type { Logger, Regions } from '@regionkit/core';
import {
  type Backoff,
  type Clock,
  check,
  group,
  guardRandom,
  integer,
  type OptionCheck,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  systemClock,
  withDefault,
} from '@regionkit/core/kit';
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
  /** A refresh that failed is run again until it succeeds, so there is no limit of attempts. */
  readonly retry?: {
    /**
     * The wait until the next attempt. It doubles each time, and is never longer than `everyMs`. It varies by `jitter`.
     */
    readonly backoff?: {
      /** The first wait, in milliseconds. @default 30_000 */
      readonly baseMs?: number;
      /** The longest wait, in milliseconds. @default everyMs */
      readonly maxMs?: number;
    };
  };
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

const FALLBACK_ON: readonly Failure[] = ['timeout', 'network', 'unavailable', 'throttled', 'credentials'];
const FAILURES: readonly Failure[] = [
  ...FALLBACK_ON,
  'denied',
  'not-found',
  'undecryptable',
  'refused',
  'invalid',
  'unknown',
];

/** The longest delay of a timer. */
const MAX_TIMER_MS = 2_147_483_647;

type Refresh = Required<Omit<RefreshOptions, 'retry'>> & { readonly retry: { readonly backoff: Backoff } };

/** The checked options with all defaults. */
export interface Settings {
  /** The regions in the order in which they are asked. */
  readonly regions: readonly string[];
  readonly refresh: Refresh;
  readonly onExpired: 'keep' | 'throw';
  readonly logger: Logger | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

type Sources = Readonly<Record<string, Source>>;

interface Read extends Omit<Settings, 'regions'> {
  readonly sources: Sources;
  /** The name of the own region. */
  readonly regions: string;
  readonly fallbackRegions: readonly string[];
}

const milliseconds = (byDefault: number): OptionCheck<number> => integer(byDefault, { min: 1, max: MAX_TIMER_MS });

const OPTIONS: OptionTable<Read> = {
  sources: checkSources,
  regions: (option, given: Regions | undefined) =>
    given === undefined ? 'local' : check.string(`${option}.self`, given?.self),
  fallbackRegions: withDefault([], checkRegions),
  refresh: group<Refresh>({
    everyMs: milliseconds(900_000),
    jitter: withDefault(0.1, (option, given) => check.number(option, given, { max: 0.5 })),
    timeoutMs: milliseconds(3_000),
    retry: group({
      backoff: group<Backoff>({
        baseMs: milliseconds(30_000),
        // Each value is also limited by its own interval.
        maxMs: (option, given, { baseMs }) => integer(MAX_TIMER_MS, { min: baseMs, max: MAX_TIMER_MS })(option, given),
      }),
    }),
    maxStaleMs: withDefault(86_400_000, (option, given) =>
      check.number(option, given, { min: 1, max: Number.POSITIVE_INFINITY }),
    ),
    minForcedMs: milliseconds(5_000),
    maxLagMs: milliseconds(3_600_000),
    fallbackOn: withDefault(FALLBACK_ON, checkFailures),
  }),
  onExpired: oneOf('keep', ['keep', 'throw']),
  logger: optional(check.logger),
  clock: withDefault(systemClock, check.clock),
  random: withDefault<() => number>(Math.random, (option, given) => guardRandom(check.function(option, given))),
};

/** @throws {TypeError | RangeError} An option is wrong. */
export function checkOptions(given: ConfigOptions<Sources>): Settings {
  const { regions, fallbackRegions, ...settings } = readOptions('loadConfig: options', 'loadConfig: ', given, OPTIONS);
  return { ...settings, regions: [...new Set([regions, ...fallbackRegions])] };
}

function checkFailures(option: string, given: readonly Failure[]): readonly Failure[] {
  if (!Array.isArray(given)) throw new TypeError(`${option} must be an array`);
  return given.map((failure) => check.oneOf(option, failure, FAILURES));
}

function checkRegions(option: string, given: readonly string[]): readonly string[] {
  if (!Array.isArray(given)) throw new TypeError(`${option} must be an array of region names`);
  return given.map((region) => check.string(option, region));
}

function checkSources(option: string, given: Sources): Sources {
  for (const [key, source] of Object.entries(check.object(option, given))) checkSource(`${option}.${key}`, source);
  return given;
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
