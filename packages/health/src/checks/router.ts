import type { RouterSeam } from '@regionkit/core';
import { check, dropRejection } from '@regionkit/core/kit';
import type { Check } from './check.ts';
import { grade } from './result.ts';

/** The part of a router that {@link routerCheck} asks. */
export interface ExplainingRouter extends Pick<RouterSeam, 'explain'> {
  /** With `nodes`: the databases that it can reach. */
  topology?(): object;
}

/**
 * Asks the router where a read or a write would go now, because the router knows an old primary from the real one. A
 * statement that runs in this region passes, and so does a write that is forwarded. A read that runs in another region
 * warns, unless the router has no database in this region: then that is where its reads always run. A write that a pause
 * before a switchover holds warns, too. A read that must be forwarded fails, as does a statement that waits or is refused,
 * and any statement of a closed router.
 *
 * @param router called at each run, so that the router can be created after health
 */
export function routerCheck(router: () => ExplainingRouter, intent: 'read' | 'write'): Check {
  check.function('checks.router: router', router);
  check.oneOf('checks.router: intent', intent, ['read', 'write']);
  return (_signal, { self }) => {
    const asked = dropRejection(router());
    const { action, region, reason } = dropRejection(asked.explain(intent));
    const served = action === 'run' || (action === 'forward' && intent === 'write');
    const isAway = intent === 'read' && region !== undefined && region !== self && hasDatabaseIn(self, asked);
    if (reason === 'paused') return { status: 'warn', message: reason };
    return { status: !served ? 'fail' : isAway ? 'warn' : 'pass', message: reason };
  };
}

/** Whether a read should be served in that region. A router that does not tell its nodes has one there. */
function hasDatabaseIn(region: string, router: ExplainingRouter): boolean {
  const nodes = nodesOf(router);
  return nodes === undefined || nodes.some((node) => node.region === region);
}

/** The limits of {@link replicaLagCheck}. */
export interface ReplicaLagOptions {
  readonly warnMs: number;
  readonly failMs: number;
}

/** Where the lag comes from: `router.topology().nodes`, or without that `router.explain('read')`. */
export interface LagSource extends Pick<RouterSeam, 'explain'> {
  topology(): object;
}

/**
 * Measures the lag of the freshest standby of this region, as the router measures it, against a known primary. Without
 * a primary, and on the primary itself, there is no lag, and the check passes.
 */
export function replicaLagCheck(router: () => LagSource, { warnMs, failMs }: ReplicaLagOptions): Check {
  check.function('checks.replicaLag: router', router);
  check.number('checks.replicaLag: failMs', failMs, { min: check.number('checks.replicaLag: warnMs', warnMs) });
  return (_signal, { self }) => {
    const lagMs = lagOf(dropRejection(router()), self);
    return lagMs === undefined ? undefined : grade(Math.round(lagMs), 'ms', { warn: warnMs, fail: failMs });
  };
}

interface LagNode {
  readonly region: string;
  readonly lagMs?: number;
}

function nodesOf(router: ExplainingRouter): readonly LagNode[] | undefined {
  return (dropRejection(router.topology?.()) as { readonly nodes?: readonly LagNode[] } | undefined)?.nodes;
}

function lagOf(router: LagSource, self: string): number | undefined {
  const told: readonly LagNode[] =
    nodesOf(router) ??
    [dropRejection(router.explain('read'))].flatMap(({ region, lagMs }) =>
      region === undefined || lagMs === undefined ? [] : [{ region, lagMs }],
    );
  const lags = told.flatMap(({ region, lagMs }) => (region === self && lagMs !== undefined ? [lagMs] : []));
  return lags.length === 0 ? undefined : Math.min(...lags);
}
