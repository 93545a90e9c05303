import type { Live, Logger, Regions, RegionView } from '@regionkit/core';
import { type Clock, check, harmless, inBackground, type Secrets, systemClock } from '@regionkit/core/kit';
import type { Pool } from 'pg';
import type { WritePolicy } from './gate-seam.ts';
import type { EpochStore } from './history/epoch-store.ts';
import { postgresReadings, type Readings } from './topology/readings.ts';

export interface RegionRouterOptions<Name extends string = string> {
  /** Where this process runs, and the names: from `defineRegions()`. */
  readonly regions: Regions<Name>;
  /**
   * Every database this process can reach: a pool or several for each region, in the same order in every process, because
   * a node is named by its place. The local region alone will do when `view` tells of the others; a region without a
   * database has those of others alone. At most 30 pools. They stay the app's: it may go on using them, and ends them.
   */
  readonly pools: { readonly [Region in Name]?: Pool | readonly Pool[] };
  /**
   * What happens to a write outside the primary's region: `forward` (refused here with `NotPrimaryRegionError`; the write
   * gate forwards the whole request), `remote-pool` (over the WAN, so `pools` must hold another region's), `reject` (503 and
   * the region to go to).
   * @default 'reject'
   */
  readonly writes?: WritePolicy;
  /**
   * Positions for clients. Without it a request still reads its own writes, but nothing outlives it: with `forward`, where
   * the next read of the client is one of a replica, a process warning says so (`REGIONKIT_NO_TOKEN`).
   */
  readonly token?: {
    /** At least 32 bytes. The first of a list signs, all verify: distribute a new one before it signs. */
    readonly secret: Secrets | Live<Secrets>;
    /**
     * A token this old asks for nothing any more where nobody can tell what became of its write: the fork is not known.
     * Neither a younger one nor one that can be judged is ever ignored. At least `maxLagMs` + 5 s. @default 60_000
     */
    readonly maxAgeMs?: number;
  };
  /** What the other regions say of themselves: `health.view`. */
  readonly view?: RegionView<Name>;
  /**
   * `confirm`: the first primary of a process is accepted only if the epoch store or a majority of the other regions show
   * no higher timeline. `trust`: at once; right in one region. @default 'confirm'
   */
  readonly coldStart?: 'confirm' | 'trust';
  /** Keeps the highest epoch and the forks across restarts. One store for all regions, or its word counts for little. */
  readonly epoch?: EpochStore;
  /** What a node is asked. @default plain PostgreSQL, 14 and later */
  readonly readings?: Readings;
  /** A standby further behind the primary than this serves no read without a token. @default 10_000 */
  readonly maxLagMs?: number;
  /** How long a read with a token waits for a standby before it goes to the primary. @default 100 */
  readonly tokenWaitMs?: number;
  /**
   * When no reachable node has what a read must see: `forward` (`NotPrimaryRegionError`), `stale` (serve it all the same,
   * with an event), `error` (`ReplicaBehindError`). @default 'forward'
   */
  readonly onBehind?: 'forward' | 'stale' | 'error';
  /** How long a write waits while there is no primary; 0 for not at all. @default 5_000 */
  readonly holdWritesMs?: number;
  /** How many may wait. @default 1_000 */
  readonly holdWritesMax?: number;
  /** No write starts on a topology older than this. At least `probe.quietMs` + `probe.timeoutMs`. @default 15_000 */
  readonly maxViewAgeMs?: number;
  readonly probe?: {
    /** How often a node is looked at when all is well. @default 5_000 */
    readonly quietMs?: number;
    /** The same while a primary is missing, and four times as often while a write is held. @default 100 */
    readonly alertMs?: number;
    /** A node that takes longer than this to answer is unreachable. @default 2_000 */
    readonly timeoutMs?: number;
  };
  /** Fetches the position behind each read, so that a client never reads backwards. @default false */
  readonly monotonicReads?: boolean;
  /** A client handed out for longer than this is reported as leaked. @default 60_000 */
  readonly leakAfterMs?: number;
  /** @default none */
  readonly logger?: Logger;
  /** @default the real one */
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** The options with every default filled in. */
export interface Settings<Name extends string = string> {
  readonly regions: Regions<Name>;
  readonly nodes: readonly { readonly id: string; readonly region: Name; readonly pool: Pool }[];
  readonly writes: WritePolicy;
  readonly token: { readonly secret: Secrets | Live<Secrets>; readonly maxAgeMs: number } | undefined;
  readonly view: RegionView<Name> | undefined;
  readonly coldStart: 'confirm' | 'trust';
  readonly epoch: EpochStore | undefined;
  readonly readings: Readings;
  readonly maxLagMs: number;
  readonly tokenWaitMs: number;
  readonly onBehind: 'forward' | 'stale' | 'error';
  readonly holdWritesMs: number;
  readonly holdWritesMax: number;
  readonly maxViewAgeMs: number;
  readonly quietMs: number;
  readonly alertMs: number;
  readonly timeoutMs: number;
  readonly monotonicReads: boolean;
  readonly leakAfterMs: number;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

const DEFAULTS = {
  writes: 'reject',
  coldStart: 'confirm',
  maxLagMs: 10_000,
  tokenWaitMs: 100,
  onBehind: 'forward',
  holdWritesMs: 5_000,
  holdWritesMax: 1_000,
  maxViewAgeMs: 15_000,
  monotonicReads: false,
  leakAfterMs: 60_000,
} as const;
const PROBE_DEFAULTS = { quietMs: 5_000, alertMs: 100, timeoutMs: 2_000 } as const;
const TOKEN_MAX_AGE_MS = 60_000;
const MAX_SKEW_MS = 5_000;
/** Looks are spread by a tenth: one that comes late must not make the view old. */
const LATEST_LOOK = 1.1;
/** Nodes are kept as bits of one integer. */
const MAX_NODES = 30;

const KNOWN: readonly (keyof RegionRouterOptions)[] = [
  'regions',
  'pools',
  'writes',
  'token',
  'view',
  'coldStart',
  'epoch',
  'readings',
  'maxLagMs',
  'tokenWaitMs',
  'onBehind',
  'holdWritesMs',
  'holdWritesMax',
  'maxViewAgeMs',
  'probe',
  'monotonicReads',
  'leakAfterMs',
  'logger',
  'clock',
  'random',
];

const HOUR_MS = 3_600_000;

/** @throws {TypeError | RangeError} naming the option, what was given and what is allowed. */
export function checkOptions<Name extends string>(given: RegionRouterOptions<Name>): Settings<Name> {
  const at = (option: string): string => `createRegionRouter: ${option}`;
  check.object('createRegionRouter: options', given, KNOWN as never);
  const { regions } = given;
  check.regions(at('regions'), regions);
  const milliseconds = (option: string, value: unknown, min: number): number =>
    check.integer(at(option), value, { min, max: HOUR_MS });
  const maxLagMs = milliseconds('maxLagMs', given.maxLagMs ?? DEFAULTS.maxLagMs, 1);
  const probe = check.object(at('probe'), given.probe ?? {}, ['quietMs', 'alertMs', 'timeoutMs']);
  const quietMs = milliseconds('probe.quietMs', probe.quietMs ?? PROBE_DEFAULTS.quietMs, 10);
  const alertMs = milliseconds('probe.alertMs', probe.alertMs ?? PROBE_DEFAULTS.alertMs, 10);
  const timeoutMs = milliseconds('probe.timeoutMs', probe.timeoutMs ?? PROBE_DEFAULTS.timeoutMs, 10);
  const defaultAgeMs = Math.max(DEFAULTS.maxViewAgeMs, Math.ceil(quietMs * LATEST_LOOK) + timeoutMs);
  const nodes = checkPools(given.pools, regions);
  return {
    regions,
    nodes,
    writes: checkWrites(given.writes ?? DEFAULTS.writes, regions, nodes, given.view !== undefined),
    token: checkToken(given.token, maxLagMs),
    view: given.view === undefined ? undefined : check.view(at('view'), given.view),
    coldStart: check.oneOf(at('coldStart'), given.coldStart ?? DEFAULTS.coldStart, ['confirm', 'trust']),
    epoch: given.epoch === undefined ? undefined : check.methods(at('epoch'), given.epoch, ['load', 'save']),
    readings: given.readings === undefined ? postgresReadings : checkReadings(given.readings),
    maxLagMs,
    tokenWaitMs: milliseconds('tokenWaitMs', given.tokenWaitMs ?? DEFAULTS.tokenWaitMs, 0),
    onBehind: check.oneOf(at('onBehind'), given.onBehind ?? DEFAULTS.onBehind, ['forward', 'stale', 'error']),
    holdWritesMs: milliseconds('holdWritesMs', given.holdWritesMs ?? DEFAULTS.holdWritesMs, 0),
    holdWritesMax: check.integer(at('holdWritesMax'), given.holdWritesMax ?? DEFAULTS.holdWritesMax, {
      max: 1_000_000,
    }),
    maxViewAgeMs: milliseconds('maxViewAgeMs', given.maxViewAgeMs ?? defaultAgeMs, quietMs + timeoutMs),
    quietMs,
    alertMs,
    timeoutMs,
    monotonicReads: check.boolean(at('monotonicReads'), given.monotonicReads ?? DEFAULTS.monotonicReads),
    leakAfterMs: milliseconds('leakAfterMs', given.leakAfterMs ?? DEFAULTS.leakAfterMs, 1),
    logger: given.logger === undefined ? undefined : harmless(check.logger(at('logger'), given.logger)),
    clock: inBackground(check.clock(at('clock'), given.clock ?? systemClock)),
    random: check.function(at('random'), given.random ?? Math.random),
  };
}

function checkPools<Name extends string>(
  given: RegionRouterOptions<Name>['pools'],
  regions: Regions<Name>,
): Settings<Name>['nodes'] {
  check.object('createRegionRouter: pools', given);
  if (typeof (given as { connect?: unknown }).connect === 'function') {
    throw new TypeError(
      `createRegionRouter: pools must be an object of pools by region, such as { '${regions.self}': pool }; got a pool`,
    );
  }
  const seen = new Set<Pool>();
  const nodes = Object.keys(given).flatMap((name) => {
    const option = `createRegionRouter: pools['${name}']`;
    const region = regions.get(name)?.name;
    if (region === undefined)
      throw new RangeError(`${option} must be a region of the map; got ${JSON.stringify(name)}`);
    const pools = given[region] as Pool | readonly Pool[] | undefined;
    return (pools === undefined ? [] : Array.isArray(pools) ? (pools as readonly Pool[]) : [pools as Pool]).map(
      (pool, place) => {
        check.object(option, pool);
        if (typeof pool.connect !== 'function' || typeof pool.on !== 'function' || typeof pool.options !== 'object') {
          throw new TypeError(`${option} must be a pg Pool, or a list of them`);
        }
        if (pool.options.pipeline === true) throw new RangeError(`${option} must not have pipeline: true`);
        if (seen.has(pool)) throw new RangeError(`${option} must be a pool of its own: the same one was given twice`);
        seen.add(pool);
        return { id: `${region}/${place}`, region, pool };
      },
    );
  });
  if (nodes.length === 0) throw new RangeError('createRegionRouter: pools must hold at least one pool');
  if (nodes.length > MAX_NODES) throw new RangeError(`createRegionRouter: pools must hold at most ${MAX_NODES} pools`);
  return nodes;
}

/** Over the pools of its own region no write ever reaches another, and without a view nothing is heard of the others. */
function checkWrites<Name extends string>(
  given: WritePolicy,
  { self, list }: Regions<Name>,
  nodes: Settings<Name>['nodes'],
  hasView: boolean,
): WritePolicy {
  const option = 'createRegionRouter: writes';
  const writes = check.oneOf(option, given, ['forward', 'remote-pool', 'reject']);
  const isAlone = list.length > 1 && nodes.every(({ region }) => region === self);
  if (writes === 'forward' && isAlone && !hasView) {
    throw new TypeError(
      'createRegionRouter: view must be set: with writes: "forward" and the pools of this region alone, only health.view can tell where the primary is',
    );
  }
  if (writes === 'remote-pool' && isAlone) {
    throw new RangeError(
      `${option} must be "forward" or "reject" while pools holds none of another region; got "remote-pool"`,
    );
  }
  return writes;
}

function checkToken(given: RegionRouterOptions['token'], maxLagMs: number): Settings['token'] {
  if (given === undefined) return undefined;
  check.object('createRegionRouter: token', given, ['secret', 'maxAgeMs']);
  const min = maxLagMs + MAX_SKEW_MS;
  const maxAgeMs = check.integer(
    'createRegionRouter: token.maxAgeMs',
    given.maxAgeMs ?? Math.max(TOKEN_MAX_AGE_MS, min),
    {
      min,
      max: 24 * HOUR_MS,
    },
  );
  return { secret: given.secret, maxAgeMs };
}

function checkReadings(given: Readings): Readings {
  check.methods('createRegionRouter: readings', given, ['parse']);
  for (const name of ['sql', 'insertPositionSql', 'seenPositionSql'] as const) {
    check.string(`createRegionRouter: readings.${name}`, given[name]);
  }
  return given;
}
