import type { RouterSeam } from '@regionkit/core';
import { check, dropRejection } from '@regionkit/core/kit';
import type { Check, CheckContext, CheckResult } from './check.ts';
import { grade } from './result.ts';

/** The part of a router that {@link routerCheck} asks. */
export interface ExplainingRouter extends Pick<RouterSeam, 'explain'> {
  /** With `nodes`: the databases that it can reach. */
  topology?(): object;
  /** Resolves when it has probed its databases and can serve a read. */
  ready?(options: { readonly signal: AbortSignal }): Promise<void>;
}

/** How long a process that starts may say of its writes that nothing is known yet: longer than a probe and a question take. */
const NOT_YET_MS = 5_000;
/** The router answers from memory, so it can be asked often until its first good answer. */
const START_INTERVAL_MS = 100;

/**
 * Asks the router where a read or a write would go now, because the router knows an old primary from the real one. A
 * statement that runs in this region passes, and so does a write that is forwarded. A read that runs in another region
 * warns, unless the router has no database in this region: then that is where its reads always run. A write that a pause
 * before a switchover holds warns, too. A read that must be forwarded fails, as does a statement that waits or is refused,
 * and any statement of a closed router.
 *
 * The first run waits until the router is ready, at most for the time limit of the check. After it a write that waits is
 * `unknown` while a server of the router was not probed yet, for at most 5 s.
 *
 * @param router called at each run, so that the router can be created after health
 */
export function routerCheck(router: () => ExplainingRouter, intent: 'read' | 'write'): Check {
  check.function('checks.router: router', router);
  check.oneOf('checks.router: intent', intent, ['read', 'write']);
  return explainCheck(router, intent, () => false);
}

/** @param isUnheard whether a region was not heard yet: another one, of which the router may learn the primary, or the own one */
export function explainCheck(
  router: () => ExplainingRouter,
  intent: 'read' | 'write',
  isUnheard: () => boolean,
): Check {
  let firstMs: number | undefined;
  let hasJudged = false;
  /** A write that waits fails only when everything was asked, or after some time. */
  const isTooEarly = (asked: ExplainingRouter, nowMs: number): boolean => {
    firstMs ??= nowMs;
    return !hasJudged && nowMs - firstMs < NOT_YET_MS && (isUnprobed(asked) || isUnheard());
  };
  const judge = (asked: ExplainingRouter, { self, clock }: CheckContext): CheckResult => {
    const { action, region, reason } = dropRejection(asked.explain(intent));
    const waits = action === 'hold' && reason !== 'paused' && intent === 'write';
    if (waits && isTooEarly(asked, clock.now())) return { status: 'unknown', message: reason };
    hasJudged = true;
    if (reason === 'paused') return { status: 'warn', message: reason };
    const served = action === 'run' || (action === 'forward' && intent === 'write');
    const isAway = intent === 'read' && region !== undefined && region !== self && hasDatabaseIn(self, asked);
    return { status: !served ? 'fail' : isAway ? 'warn' : 'pass', message: reason };
  };

  let isFirst = true;
  const run: Check = (signal, context) => {
    const asked = dropRejection(router());
    const ready = isFirst ? asked.ready?.({ signal }) : undefined;
    isFirst = false;
    const report = (): CheckResult => judge(asked, context);
    // Whether it became ready, the router explains itself.
    return ready === undefined ? report() : Promise.resolve(ready).then(report, report);
  };
  return Object.assign(run, { startIntervalMs: START_INTERVAL_MS });
}

function isUnprobed(router: ExplainingRouter): boolean {
  return nodesOf(router)?.some(({ state }) => state === 'unknown') === true;
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

interface KnownNode {
  readonly region: string;
  readonly state?: string;
  readonly lagMs?: number;
}

function nodesOf(router: ExplainingRouter): readonly KnownNode[] | undefined {
  return (dropRejection(router.topology?.()) as { readonly nodes?: readonly KnownNode[] } | undefined)?.nodes;
}

function lagOf(router: LagSource, self: string): number | undefined {
  const told: readonly KnownNode[] =
    nodesOf(router) ??
    [dropRejection(router.explain('read'))].flatMap(({ region, lagMs }) =>
      region === undefined || lagMs === undefined ? [] : [{ region, lagMs }],
    );
  const lags = told.flatMap(({ region, lagMs }) => (region === self && lagMs !== undefined ? [lagMs] : []));
  return lags.length === 0 ? undefined : Math.min(...lags);
}
