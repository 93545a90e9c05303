import type { Live, Logger, Regions } from '@regionkit/core';
import {
  type Clock,
  check,
  group,
  guardRandom,
  integer,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  type Secrets,
  systemClock,
  unchecked,
  withDefault,
} from '@regionkit/core/kit';
import type { Capability, CheckOptions } from './checks/check.ts';
import type { CheckRules } from './checks/track.ts';
import { type CheckedPeersOptions, type PeersOptions, peersOptions } from './peers/options.ts';
import { checkPaths, type RouteName, type RoutesByPath } from './routes/paths.ts';

/** The defaults for the options of every check. */
export interface CheckDefaults {
  /** From the end of one run to the start of the next, in milliseconds. @default 2_000 */
  readonly intervalMs?: number;
  /** The time limit of one run, in milliseconds. @default 1_000 */
  readonly timeoutMs?: number;
  /** How many failures in a row make a check fail. @default 2 */
  readonly failAfter?: number;
  /** How many results in a row without a failure make a failed check pass again. @default 3 */
  readonly passAfter?: number;
  /** An older result counts as failed. In milliseconds. @default 10_000, or two whole rounds if that is more */
  readonly staleAfterMs?: number;
}

/** Node runs a timer with a longer delay at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

const rulesWith = (defaults: Required<CheckDefaults>): OptionTable<Required<CheckDefaults>> => ({
  intervalMs: integer(defaults.intervalMs, { min: 10, max: LONGEST_TIMER_MS }),
  timeoutMs: integer(defaults.timeoutMs, { min: 1, max: LONGEST_TIMER_MS }),
  failAfter: integer(defaults.failAfter, { min: 1, max: 1_000 }),
  passAfter: integer(defaults.passAfter, { min: 1, max: 1_000 }),
  // A result must stay valid until the next one, including the jitter.
  staleAfterMs: (option, given, { intervalMs, timeoutMs }) => {
    const roundMs = 1.2 * intervalMs + timeoutMs;
    const byDefault = Math.max(defaults.staleAfterMs, Math.ceil(2 * roundMs));
    return integer(byDefault, { min: Math.ceil(roundMs) })(option, given);
  },
});

const DEFAULTS = rulesWith({
  intervalMs: 2_000,
  timeoutMs: 1_000,
  failAfter: 2,
  passAfter: 3,
  staleAfterMs: 10_000,
});

/** The options of {@link createHealth}. */
export interface HealthOptions<Name extends string = string> {
  readonly regions: Regions<Name>;
  /** The version of the app, shown only with the token. */
  readonly version?: string | undefined;
  /**
   * Required to see details: `Authorization: Bearer <token>`
   * ([RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)), 16 to 512 visible ASCII characters
   * without spaces. Without it details are never shown.
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

/** The checked options with their defaults. */
export interface CheckedHealthOptions<Name extends string>
  extends Required<Pick<HealthOptions<Name>, 'regions' | 'clock' | 'random'>> {
  readonly version: string | undefined;
  readonly token: HealthOptions['token'];
  readonly peers: CheckedPeersOptions<Name> | undefined;
  readonly defaults: Required<CheckDefaults>;
  readonly paths: RoutesByPath;
  readonly logger: Logger | undefined;
}

const OPTIONS: OptionTable<CheckedHealthOptions<string>> = {
  regions: check.regions,
  version: optional(check.string),
  // Checked where it is compared.
  token: unchecked,
  peers: optional(peersOptions),
  defaults: group(DEFAULTS),
  paths: checkPaths,
  logger: optional(check.logger),
  clock: withDefault(systemClock, check.clock),
  random: withDefault<() => number>(Math.random, (option, given) => guardRandom(check.function(option, given))),
};

export function checkHealthOptions<Name extends string>(given: HealthOptions<Name>): CheckedHealthOptions<Name> {
  return readOptions('createHealth: options', 'createHealth: ', given, OPTIONS) as CheckedHealthOptions<Name>;
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
  const option = `health.check: '${checkName('health.check: name', name)}'`;
  return readOptions<CheckRules>(option, `${option}.`, given, {
    affects: checkAffects,
    severity: oneOf('fail', ['fail', 'degraded']),
    scope: oneOf('absolute', ['absolute', 'relative']),
    ...rulesWith(defaults),
  });
}

function checkAffects(option: string, given: readonly Capability[] = ['accept']): readonly Capability[] {
  if (!Array.isArray(given)) throw new TypeError(`${option} must be a list`);
  return given.map((each) => check.oneOf(option, each, ['reads', 'writes', 'accept']));
}
