import type { DatabaseReport, RegionState, RouterSeam } from '@regionkit/core';
import { check, dropRejection, type OptionTable, readOptions, withDefault } from '@regionkit/core/kit';
import type { Capability, Check } from './checks/check.ts';
import { explainCheck } from './checks/router.ts';
import { checkName } from './options.ts';

/** The part of a router that health follows. */
export interface Followed extends Pick<RouterSeam, 'explain'> {
  topology(): {
    readonly local: DatabaseReport;
    readonly state?: string;
    readonly nodes?: readonly { readonly region: string; readonly state?: string }[];
  };
  /** Returns fingerprints of the secrets that it shares with that region, by use. */
  secrets?(peer: string): Readonly<Record<string, readonly string[]>>;
  /** Resolves when it has probed its databases. */
  ready?(options: { readonly signal: AbortSignal }): Promise<void>;
}

/** The checks that `health.follow` adds. */
export interface FollowOptions {
  /**
   * The name of the check whether a read has a node, with `affects: ['reads']`. `false`: no such check. @default 'reads'
   */
  readonly reads?: string | false;
  /**
   * The name of the check whether a write has a node or is forwarded, with `affects: ['writes']`. `false`: no such
   * check. @default 'writes'
   */
  readonly writes?: string | false;
}

/** A check that `health.follow` adds. */
export interface FollowedCheck {
  readonly name: string;
  readonly check: Check;
  readonly affects: readonly Capability[];
}

/** What the checks need to know of the regions. */
export interface FollowedRegions {
  /** Undefined without `peers`. */
  get(region: string): Pick<RegionState, 'accept' | 'writes'> | undefined;
  /** Every region, `self` too; empty without `peers`. */
  all(): readonly Pick<RegionState, 'name' | 'asked' | 'identified' | 'acceptedForMs'>[];
  readonly self: string;
}

const nameOr = (byDefault: string) =>
  withDefault<string | false>(byDefault, (option, given) => (given === false ? false : checkName(option, given)));

const OPTIONS: OptionTable<Required<FollowOptions>> = { reads: nameOr('reads'), writes: nameOr('writes') };

/**
 * Returns the checks that following `router` adds. Changes nothing, so that a mistake leaves nothing half done.
 *
 * @param isTaken whether there is a check of that name
 */
export function checksOf(
  router: Followed,
  options: FollowOptions,
  isTaken: (name: string) => boolean,
  regions: FollowedRegions,
): readonly FollowedCheck[] {
  check.function('health.follow: router.topology', router?.topology);
  const { reads, writes } = readOptions('health.follow: options', 'health.follow: ', options, OPTIONS);
  if (reads !== false && reads === writes)
    throw new RangeError(
      `health.follow: writes must be another name than reads; got ${JSON.stringify(writes)} for both`,
    );
  const wanted = [
    { name: reads, option: 'reads', intent: 'read' },
    { name: writes, option: 'writes', intent: 'write' },
  ] as const;
  return wanted.flatMap(({ name, option, intent }): readonly FollowedCheck[] => {
    if (name === false) return [];
    check.function('health.follow: router.explain', router.explain);
    if (isTaken(name)) {
      throw new RangeError(
        `health.follow: there is a check '${name}' already: remove it, or leave this one out with { ${option}: false }`,
      );
    }
    const asked = refusingForwards(router, regions);
    const run = explainCheck(
      () => asked,
      intent,
      () => regions.all().some((state) => isUnheard(state, regions.self)),
    );
    return [{ name, check: run, affects: [option] }];
  });
}

/**
 * The router, which knows who the primary is, and the view, which knows whether its region can be reached: the write gate
 * forwards nothing to a region that is down or that takes no writes.
 */
function refusingForwards(router: Followed, regions: FollowedRegions): Followed {
  return {
    topology: () => router.topology(),
    ...(router.ready !== undefined && { ready: (options) => router.ready?.(options) ?? Promise.resolve() }),
    explain: (intent) => {
      const route = dropRejection(router.explain(intent));
      const to = route.action === 'forward' && route.region !== undefined ? regions.get(route.region) : undefined;
      return to?.accept === 'no' && to.writes === 'fail'
        ? { ...route, action: 'reject', reason: 'region-down' }
        : route;
    },
  };
}

/**
 * It was not asked yet, or it has itself just been started: it may still tell where the primary is. Of its own region a router
 * needs only that it was asked.
 */
function isUnheard(
  { name, asked, identified, acceptedForMs }: ReturnType<FollowedRegions['all']>[number],
  self: string,
): boolean {
  return asked !== true || (name !== self && identified && acceptedForMs === undefined);
}
