import type { Affinity, AffinityOptions } from '@regionkit/affinity';
import type { Logger, Regions } from '@regionkit/core';
import { check, checkCookieDomain } from '@regionkit/core/kit';
import type { RegionRouter, RegionRouterOptions } from '@regionkit/db-router';
import type { WriteGate, WriteGateOptions } from '@regionkit/db-router/http';
import type { Health, HealthOptions } from '@regionkit/health';
import type { SessionVerifier, SessionVerifierOptions } from '@regionkit/session';
import { checkNames } from './check-options.ts';
import { type Databases, readDatabases } from './databases.ts';
import { checkFrozen } from './frozen.ts';
import type {
  ConfigOption,
  KitAffinityOptions,
  KitGateOptions,
  KitHealthOptions,
  KitRouterOptions,
  RegionKitOptions,
} from './options.ts';
import type { GivenPoolConfig } from './pool-config.ts';
import { readRegions } from './regions.ts';
import { type SecretUse, secretFor } from './secrets.ts';

/** A part that the app has made itself, or the options with which the kit makes it. */
export type Part<Instance, Options> =
  | { readonly from: 'app'; readonly part: Instance }
  | { readonly from: 'kit'; readonly options: Options };

/** Why there is no affinity. */
export type NoAffinity = 'switched-off' | 'one-region' | 'no-hosts';

/** What the kit makes, and with which options. Nothing is made yet. */
export interface Plan<Name extends string> {
  readonly regions: Regions<Name>;
  readonly databases: Databases<Name>;
  readonly poolConfig: GivenPoolConfig;
  /** The secrets that are derived; the app gave the others to the part itself. */
  readonly derived: readonly SecretUse[];
  /** The secret was left out, so it is a random one of this process. */
  readonly isSecretRandom: boolean;
  readonly logger: Logger | undefined;
  readonly health: Part<Health<Name>, HealthOptions<Name>>;
  readonly router: Part<RegionRouter<Name>, Omit<RegionRouterOptions<Name>, 'pools'>>;
  readonly gate: Part<WriteGate<Name>, Omit<WriteGateOptions<Name>, 'router'>>;
  readonly affinity: Part<Affinity<Name>, AffinityOptions<Name>> | NoAffinity;
  readonly sessions: Part<SessionVerifier, SessionVerifierOptions> | undefined;
  readonly config: ConfigOption | undefined;
}

const SECRET = 'createRegionKit: secret';

/**
 * Decides what the kit makes. It checks the options of the kit itself; those of a part are checked by its own factory.
 *
 * @param randomSecret makes the secret of a development machine
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function planKit<Name extends string>(given: RegionKitOptions<Name>, randomSecret: () => string): Plan<Name> {
  checkNames(given);
  const { logger, cookieDomain, environment, config, poolConfig } = given;
  if (logger !== undefined) check.logger('createRegionKit: logger', logger);
  if (config !== undefined) check.methods('createRegionKit: config', config, ['status', 'close']);
  const regions = readRegions<Name>(given);
  const isAlone = regions.list.length === 1;
  const isSecretRandom = given.secret === undefined && isAlone && regions.development;
  const secret = isSecretRandom ? randomSecret() : given.secret;
  // Checked even where no part uses it, so that a mistake shows in the first region and not in the second.
  const secrets = {
    peers: secretFor(SECRET, secret, 'peers'),
    token: secretFor(SECRET, secret, 'token'),
    forward: secretFor(SECRET, secret, 'forward'),
  };
  const log = logger === undefined ? {} : { logger };

  const router = partOf('router', given.router ?? {}, isRouter<Name>, (own: KitRouterOptions<Name>) => ({
    writes: 'forward' as const,
    ...log,
    ...own,
    regions,
    token: { secret: secrets.token, ...(environment !== undefined && { environment }), ...own.token },
  }));
  if (router.from === 'app') checkSameRegions(router.part, regions);
  const health = partOf('health', given.health ?? {}, isDecider<Health<Name>>, (own: KitHealthOptions<Name>) => {
    const { peers, ...others } = own;
    // The other processes of one region are peers, too. On a development machine there is only this one.
    const asksPeers = peers !== undefined || !isAlone || !regions.development;
    return { ...log, ...others, regions, ...(asksPeers && { peers: { secret: secrets.peers, ...peers } }) };
  });
  if (health.from === 'app' && health.part.view.self !== regions.self) {
    throw new RangeError('createRegionKit: health must be that of this region; its self is another');
  }
  const domain = cookieDomain === undefined ? {} : { domain: cookieDomain };
  const gate = partOf('gate', given.gate ?? {}, isDecider<WriteGate<Name>>, (own: KitGateOptions<Name>) => ({
    ...own,
    forward: { secret: secrets.forward, ...own.forward },
    token: { ...own.token, ...(own.token?.cookie !== false && { cookie: { ...domain, ...own.token?.cookie } }) },
  }));
  const affinity = planAffinity(given.affinity, regions, domain);
  if (usesDomain(cookieDomain, gate, affinity))
    checkCookieDomain('createRegionKit: cookieDomain', cookieDomain, regions);
  const sessions =
    given.sessions === undefined
      ? undefined
      : partOf(
          'sessions',
          given.sessions,
          isDecider<SessionVerifier>,
          (own: SessionVerifierOptions): SessionVerifierOptions => ({
            ...(regions.development && { development: true }),
            ...own,
          }),
        );
  const databases = readDatabases(given, regions, router.from === 'app');
  checkFrozen(databases, regions);
  return {
    regions,
    databases,
    poolConfig: poolConfig === undefined ? {} : check.object('createRegionKit: poolConfig', poolConfig),
    derived: [
      ...(health.from === 'kit' && health.options.peers?.secret === secrets.peers ? (['peers'] as const) : []),
      ...(router.from === 'kit' && router.options.token?.secret === secrets.token ? (['token'] as const) : []),
      ...(gate.from === 'kit' && gate.options.forward?.secret === secrets.forward ? (['forward'] as const) : []),
    ],
    isSecretRandom,
    logger,
    health,
    router,
    gate,
    affinity,
    sessions,
    config,
  };
}

/** @param isPart whether the app gave the part itself, and not options for it */
function partOf<Instance extends object, Own extends object, Options>(
  name: string,
  given: Instance | Own,
  isPart: (given: object) => given is Instance,
  merge: (own: Own) => Options,
): Part<Instance, Options> {
  check.object(`createRegionKit: ${name}`, given);
  return isPart(given) ? { from: 'app', part: given } : { from: 'kit', options: merge(withoutUndefined(given as Own)) };
}

/** What is not set must not take the place of a default of the kit. */
function withoutUndefined<Own extends object>(given: Own): Own {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Own;
}

// Members that no options have.
const isRouter = <Name extends string>(given: object): given is RegionRouter<Name> =>
  typeof (given as Partial<RegionRouter>).explain === 'function';
const isDecider = <D extends object>(given: object): given is D =>
  typeof (given as { readonly decide?: unknown }).decide === 'function';

function planAffinity<Name extends string>(
  given: RegionKitOptions<Name>['affinity'],
  regions: Regions<Name>,
  domain: { readonly domain?: string },
): Plan<Name>['affinity'] {
  if (given === false) return 'switched-off';
  if (given === undefined && regions.list.length === 1) return 'one-region';
  if (given === undefined && regions.hosts.length === 0) return 'no-hosts';
  return partOf('affinity', given ?? {}, isDecider<Affinity<Name>>, (own: KitAffinityOptions<Name>) => ({
    ...own,
    regions,
    cookie: { ...domain, ...own.cookie },
  }));
}

/** Whether a cookie has the domain of the kit, set or not. A part to which the app gave another checks that one. */
function usesDomain<Name extends string>(
  cookieDomain: string | undefined,
  gate: Plan<Name>['gate'],
  affinity: Plan<Name>['affinity'],
): boolean {
  const cookies = [
    gate.from === 'kit' ? gate.options.token?.cookie : false,
    typeof affinity === 'object' && affinity.from === 'kit' ? affinity.options.cookie : false,
  ] as const;
  return cookies.some((cookie) => cookie !== false && cookie?.domain === cookieDomain);
}

function checkSameRegions<Name extends string>(router: RegionRouter<Name>, regions: Regions<Name>): void {
  const written = ({ self, list }: Regions): string => JSON.stringify([self, list]);
  if (router.regions !== regions && written(router.regions) !== written(regions)) {
    throw new RangeError(
      'createRegionKit: regions must be those of the router that was given: regions: router.regions',
    );
  }
}
