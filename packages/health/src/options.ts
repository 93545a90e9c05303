import type { Live, Logger, Regions } from '@regionkit/core';
import { type Clock, check, guardRandom, onlyGiven, type Secrets, systemClock } from '@regionkit/core/kit';
import type { CheckOptions } from './checks/check.ts';
import type { CheckRules } from './checks/track.ts';
import { type CheckedPeersOptions, checkPeersOptions, type PeersOptions } from './peers/options.ts';
import type { RouteName } from './routes/paths.ts';

/** The defaults for the options of every check. */
export interface CheckDefaults {
  /** From the end of one run to the start of the next, in milliseconds. @default 2_000 */
  readonly intervalMs?: number;
  /** @default 1_000 */
  readonly timeoutMs?: number;
  /** @default 2 */
  readonly failAfter?: number;
  /** @default 3 */
  readonly passAfter?: number;
  /** An older result counts as failed. In milliseconds. @default 10_000, or two whole rounds if that is more */
  readonly staleAfterMs?: number;
}

const checkDefaults: Required<CheckDefaults> = {
  intervalMs: 2_000,
  timeoutMs: 1_000,
  failAfter: 2,
  passAfter: 3,
  staleAfterMs: 10_000,
};

/** The options of {@link createHealth}. */
export interface HealthOptions<Name extends string = string> {
  readonly regions: Regions<Name>;
  /** The version of the app, shown only with the token. */
  readonly version?: string | undefined;
  /**
   * Required to see details: `Authorization: Bearer <token>`, at least 16 bytes. Without it details are never shown.
   * @default none
   */
  readonly token?: Secrets | Live<Secrets> | undefined;
  /** Asks the other regions, and answers them at `/health/region`. Without it `view` knows only this region. */
  readonly peers?: PeersOptions<Name>;
  readonly defaults?: CheckDefaults;
  /**
   * The paths of the routes, below the mount point; `false` removes one. @default /health, /health/read, /health/write,
   * /health/region, /livez, /readyz
   */
  readonly paths?: Partial<Readonly<Record<RouteName, string | false>>>;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** From 0 to 1, for jitter. @default Math.random */
  readonly random?: () => number;
}

const KNOWN = ['regions', 'version', 'token', 'peers', 'defaults', 'paths', 'logger', 'clock', 'random'] as const;

export interface CheckedHealthOptions<Name extends string> {
  readonly peers: CheckedPeersOptions<Name> | undefined;
  readonly defaults: Required<CheckDefaults>;
  readonly clock: Clock;
  readonly random: () => number;
}

export function checkHealthOptions<Name extends string>(options: HealthOptions<Name>): CheckedHealthOptions<Name> {
  check.object('createHealth: options', options, KNOWN);
  check.regions('createHealth: regions', options.regions);
  if (options.version !== undefined) check.string('createHealth: version', options.version);
  if (options.logger !== undefined) check.logger('createHealth: logger', options.logger);
  const given = options.defaults ?? {};
  check.object('createHealth: defaults', given, ['intervalMs', 'timeoutMs', 'failAfter', 'passAfter', 'staleAfterMs']);
  return {
    peers: options.peers === undefined ? undefined : checkPeersOptions(options.peers),
    defaults: withStaleAfter('createHealth: defaults', { ...checkDefaults, ...onlyGiven(given) }, given.staleAfterMs),
    clock: check.clock('createHealth: clock', options.clock ?? systemClock),
    random: guardRandom(check.function('createHealth: random', options.random ?? Math.random)),
  };
}

/** Node runs a timer with a longer delay at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

function rulesOf(option: string, given: Required<CheckDefaults>): Required<Omit<CheckDefaults, 'staleAfterMs'>> {
  return {
    intervalMs: check.integer(`${option}.intervalMs`, given.intervalMs, { min: 10, max: LONGEST_TIMER_MS }),
    timeoutMs: check.integer(`${option}.timeoutMs`, given.timeoutMs, { min: 1, max: LONGEST_TIMER_MS }),
    failAfter: check.integer(`${option}.failAfter`, given.failAfter, { min: 1, max: 1_000 }),
    passAfter: check.integer(`${option}.passAfter`, given.passAfter, { min: 1, max: 1_000 }),
  };
}

/** A result must stay valid until the next one, including the jitter. */
function withStaleAfter(
  option: string,
  given: Required<CheckDefaults>,
  staleAfterMs: number | undefined,
): Required<CheckDefaults> {
  const rules = rulesOf(option, given);
  const roundMs = 1.2 * rules.intervalMs + rules.timeoutMs;
  return {
    ...rules,
    staleAfterMs: check.integer(
      `${option}.staleAfterMs`,
      staleAfterMs ?? Math.max(given.staleAfterMs, Math.ceil(2 * roundMs)),
      { min: Math.ceil(roundMs) },
    ),
  };
}

const NAME = /^[\x21-\x7e]{1,64}$/;

/** @throws {RangeError} It is no name of a check. */
export function checkName(option: string, name: string): string {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new RangeError(`${option} must be 1 to 64 printable ASCII characters without spaces`);
  }
  return name;
}

export function checkRules(name: string, given: CheckOptions, defaults: Required<CheckDefaults>): CheckRules {
  checkName('health.check: name', name);
  const option = `health.check: '${name}'`;
  check.object(option, given, [
    'affects',
    'severity',
    'scope',
    'intervalMs',
    'timeoutMs',
    'failAfter',
    'passAfter',
    'staleAfterMs',
  ]);
  const affects = given.affects ?? ['accept'];
  if (!Array.isArray(affects)) throw new TypeError(`${option}.affects must be a list`);
  for (const each of affects) check.oneOf(`${option}.affects`, each, ['reads', 'writes', 'accept']);
  return {
    affects: [...affects],
    severity: check.oneOf(`${option}.severity`, given.severity ?? 'fail', ['fail', 'degraded']),
    scope: check.oneOf(`${option}.scope`, given.scope ?? 'absolute', ['absolute', 'relative']),
    ...withStaleAfter(option, { ...defaults, ...onlyGiven(given) }, given.staleAfterMs),
  };
}
