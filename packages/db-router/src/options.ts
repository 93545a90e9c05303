import type { Live, Logger, Regions, RegionView } from '@regionkit/core';
import {
  type Clock,
  check,
  group,
  harmless,
  inBackground,
  integer,
  type OptionCheck,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  type Secrets,
  systemClock,
  unchecked,
  withDefault,
} from '@regionkit/core/kit';
import type { Pool } from 'pg';
import type { WritePolicy } from './gate-seam.ts';
import type { EpochStore } from './history/epoch-store.ts';
import { checkPools, type GivenNode } from './pools-option.ts';
import { postgresReadings, type Readings } from './topology/readings.ts';

export interface RegionRouterOptions<Name extends string = string> {
  /** The map of regions from `defineRegions()`, with the region of this process. */
  readonly regions: Regions<Name>;
  /**
   * Every database that this process can reach: one pool or several for each region. Use the same order in every
   * process, because a node is named by its position. The local region is enough if `view` reports the others. A region
   * without a database uses only the pools of other regions. At most 30 pools. The app keeps the pools: it may use
   * them, and must end them.
   */
  readonly pools: { readonly [Region in Name]?: Pool | readonly Pool[] };
  /**
   * What happens to a write outside the primary's region. `forward`: it is refused here with `NotPrimaryRegionError`,
   * and the write gate forwards the whole request. `remote-pool`: it runs over the WAN, so `pools` must contain another
   * region. `reject`: it is refused with status 503 and the name of the primary's region. @default 'reject'
   */
  readonly writes?: WritePolicy;
  /**
   * Signs positions for clients. Without it a request still reads its own writes, but the next request does not. With
   * `forward`, a process warning (`REGIONKIT_NO_TOKEN`) reports that this is missing if the client's next read may go
   * to a standby.
   */
  readonly token?: {
    /** At least 32 bytes. Of a list, the first signs and all verify. Distribute a new secret before it signs. */
    readonly secret: Secrets | Live<Secrets>;
    /**
     * When the fork is unknown, tokens older than this no longer force reads to the primary. In milliseconds. Younger
     * tokens, and tokens whose fate is known, are never ignored. At least `maxLagMs` + 5 s. @default 60_000
     */
    readonly maxAgeMs?: number;
    /**
     * The name of this environment (`production`), the same in all its processes: 1 to 64 letters, digits, `.`, `_` and
     * `-`. The keys are derived with it. A copy of a database has the same system identifier and often the same secret,
     * so only this name, or other `regions` and `hosts`, distinguishes its tokens.
     * A new name makes tokens that were signed before invalid: their clients read from the primary until they write again.
     * @default none
     */
    readonly environment?: string;
  };
  /** The reports of the other regions: `health.view`. */
  readonly view?: RegionView<Name>;
  /**
   * `confirm`: the first primary of a process is accepted only if the epoch store, or a majority of the other regions,
   * knows no higher timeline. `trust`: it is accepted at once. Use this only with one region, or until
   * every region runs in the very first deployment. @default 'confirm'
   */
  readonly coldStart?: 'confirm' | 'trust';
  /**
   * Keeps the highest epoch and the forks across restarts: one store that all regions share, or `epochFile()` for the only
   * process of a region. Do not use another store that belongs to one region: it would confirm
   * an old primary that comes back.
   */
  readonly epoch?: EpochStore;
  /** The queries of a probe. @default plain PostgreSQL, 14 and later */
  readonly readings?: Readings;
  /**
   * A standby with more lag than this serves no read without a token. In milliseconds. For the lag of a standby see
   * https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-MONITORING. @default 10_000
   */
  readonly maxLagMs?: number;
  /** How long a read with a token waits for a standby before it goes to the primary, in milliseconds. @default 100 */
  readonly tokenWaitMs?: number;
  /**
   * What happens if no reachable node has what a read must see. `forward`: `NotPrimaryRegionError`. `stale`: it is
   * served anyway, with an event. `reject`: `ReplicaBehindError`. @default 'forward'
   */
  readonly onBehind?: 'forward' | 'stale' | 'reject';
  /** Writes wait while there is no primary. */
  readonly hold?: {
    /** How long a write waits, in milliseconds; 0: not at all. @default 5_000 */
    readonly timeoutMs?: number;
    /** How many writes may wait. @default 1_000 */
    readonly max?: number;
  };
  /**
   * No write starts on a topology that is older than this, in milliseconds. At least the probe interval plus the probe
   * timeout. @default 15_000
   */
  readonly maxViewAgeMs?: number;
  readonly probe?: {
    /** Time between two probes of a node in the normal state, in milliseconds. @default 5_000 */
    readonly intervalMs?: number;
    /**
     * Time between two probes while a primary is missing, in milliseconds. While a write waits it is a quarter of this,
     * and a near standby also gets an empty query five times as often, but at most every 5 ms.
     * @default 100
     */
    readonly alertIntervalMs?: number;
    /** A node that takes longer than this to answer counts as unreachable. In milliseconds. @default 2_000 */
    readonly timeoutMs?: number;
  };
  /** Reads the position after each read, so that a client's reads never go back in time. @default false */
  readonly monotonicReads?: boolean;
  /** A client that is handed out for longer than this is reported as leaked. In milliseconds. @default 60_000 */
  readonly leakAfterMs?: number;
  /** @default none */
  readonly logger?: Logger;
  /** @default the real one */
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** The options that are used as given, or by their default. */
type Plain<Name extends string> = Required<
  Pick<
    RegionRouterOptions<Name>,
    | 'regions'
    | 'pools'
    | 'writes'
    | 'coldStart'
    | 'readings'
    | 'maxLagMs'
    | 'tokenWaitMs'
    | 'onBehind'
    | 'maxViewAgeMs'
    | 'monotonicReads'
    | 'leakAfterMs'
    | 'clock'
    | 'random'
  >
> & { readonly [Option in 'view' | 'epoch' | 'logger']: RegionRouterOptions<Name>[Option] | undefined } & {
  readonly [Group in 'hold' | 'probe']: Required<NonNullable<RegionRouterOptions[Group]>>;
} & { readonly token: CheckedToken | undefined };

interface CheckedToken {
  readonly secret: Secrets | Live<Secrets>;
  readonly maxAgeMs: number;
  readonly environment: string | undefined;
}

/** The options with all defaults. */
export interface Settings<Name extends string = string> extends Omit<Plain<Name>, 'pools' | 'probe'> {
  readonly nodes: readonly GivenNode<Name>[];
  readonly intervalMs: number;
  readonly alertIntervalMs: number;
  readonly timeoutMs: number;
}

const HOUR_MS = 3_600_000;
const TOKEN_MAX_AGE_MS = 60_000;
const VIEW_MAX_AGE_MS = 15_000;
const MAX_SKEW_MS = 5_000;
/** Probes are spread by a tenth: one that comes late must not make the view old. */
const LATEST_PROBE = 1.1;

const milliseconds = (byDefault: number, min: number): OptionCheck<number> => integer(byDefault, { min, max: HOUR_MS });

/** In the order in which they are told to who misspells one. */
const OPTIONS: OptionTable<Plain<string>> = {
  regions: check.regions,
  // Checked together with the regions, where the nodes are made of it.
  pools: unchecked,
  writes: oneOf('reject', ['forward', 'remote-pool', 'reject']),
  view: optional(check.view<RegionView>),
  coldStart: oneOf('confirm', ['confirm', 'trust']),
  epoch: optional((option, given: EpochStore) => check.methods(option, given, ['load', 'save'])),
  readings: withDefault(postgresReadings, checkReadings),
  maxLagMs: milliseconds(10_000, 1),
  token: (option, given: RegionRouterOptions['token'], { maxLagMs }) =>
    optional(tokenOf(maxLagMs))(option, given as never),
  tokenWaitMs: milliseconds(100, 0),
  onBehind: oneOf('forward', ['forward', 'stale', 'reject']),
  hold: group({ timeoutMs: milliseconds(5_000, 0), max: integer(1_000, { max: 1_000_000 }) }),
  probe: group({
    intervalMs: milliseconds(5_000, 10),
    alertIntervalMs: milliseconds(100, 10),
    timeoutMs: milliseconds(2_000, 10),
  }),
  maxViewAgeMs: (option, given, { probe: { intervalMs, timeoutMs } }) => {
    const byDefault = Math.max(VIEW_MAX_AGE_MS, Math.ceil(intervalMs * LATEST_PROBE) + timeoutMs);
    return milliseconds(byDefault, intervalMs + timeoutMs)(option, given);
  },
  monotonicReads: withDefault<boolean>(false, check.boolean),
  leakAfterMs: milliseconds(60_000, 1),
  logger: optional((option, given: Logger) => harmless(check.logger(option, given))),
  clock: (option, given: Clock | undefined) => inBackground(check.clock(option, given ?? systemClock)),
  random: withDefault<() => number>(Math.random, check.function),
};

const ENVIRONMENT = /^[\w.-]{1,64}$/;

/**
 * @throws {TypeError | RangeError} An option is wrong. The message names the option, the given value and the allowed
 * ones.
 */
export function checkOptions<Name extends string>(given: RegionRouterOptions<Name>): Settings<Name> {
  const read = readOptions('createRegionRouter: options', 'createRegionRouter: ', given, OPTIONS);
  const { pools, probe, ...plain } = read as Plain<Name>;
  const nodes = checkPools(pools, plain.regions);
  checkWrites(plain.writes, plain.regions, nodes, plain.view !== undefined);
  return { ...plain, ...probe, nodes };
}

/**
 * With pools of its own region only, no write can reach another region. Without a view, nothing is known of the others.
 */
function checkWrites<Name extends string>(
  writes: WritePolicy,
  { self, list }: Regions<Name>,
  nodes: Settings<Name>['nodes'],
  hasView: boolean,
): void {
  const isAlone = list.length > 1 && nodes.every(({ region }) => region === self);
  if (writes === 'forward' && isAlone && !hasView) {
    throw new TypeError(
      'createRegionRouter: view must be set: with writes: "forward" and the pools of this region alone, only health.view can tell where the primary is',
    );
  }
  if (writes === 'remote-pool' && isAlone) {
    throw new RangeError(
      `createRegionRouter: writes must be "forward" or "reject" while pools holds none of another region; got "remote-pool"`,
    );
  }
}

const tokenOf = (maxLagMs: number): OptionCheck<CheckedToken> => {
  const min = maxLagMs + MAX_SKEW_MS;
  return group({
    // Checked where the keys are made of it.
    secret: unchecked,
    maxAgeMs: integer(Math.max(TOKEN_MAX_AGE_MS, min), { min, max: 24 * HOUR_MS }),
    environment: optional(checkEnvironment),
  });
};

function checkEnvironment(option: string, given: string): string {
  if (ENVIRONMENT.test(check.string(option, given))) return given;
  throw new RangeError(
    `${option} must be 1 to 64 letters, digits, ".", "_" or "-"; got ${JSON.stringify(given.slice(0, 80))}`,
  );
}

function checkReadings(option: string, given: Readings): Readings {
  check.methods(option, given, ['parse']);
  for (const name of ['sql', 'insertPositionSql', 'seenPositionSql'] as const) {
    check.string(`${option}.${name}`, given[name]);
  }
  return given;
}
