import type { RouterSeam } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Check } from './check.ts';
import { grade } from './result.ts';

/**
 * Asks the router where a read or a write would go now: the one who knows a zombie primary from a real one. What runs
 * here passes, and so does a write that is forwarded; reads from another region warn; to hold or to refuse fails.
 *
 * @param router called at each run, so that the router can be made after health
 */
export function routerCheck(router: () => Pick<RouterSeam, 'explain'>, intent: 'read' | 'write'): Check {
  check.function('checks.router: router', router);
  check.oneOf('checks.router: intent', intent, ['read', 'write']);
  return (_signal, { self }) => {
    const { action, region, reason } = router().explain(intent);
    const served = action === 'run' || action === 'forward';
    const away = intent === 'read' && (action === 'forward' || (region !== undefined && region !== self));
    return { status: !served ? 'fail' : away ? 'warn' : 'pass', message: reason };
  };
}

/** The limits of {@link replicaLagCheck}. */
export interface ReplicaLagOptions {
  readonly warnMs: number;
  readonly failMs: number;
}

/**
 * How far this region's standby is behind, as the router measures it: against a primary that is known. Without one, and
 * on the primary itself, there is no lag to judge, and it passes.
 */
export function replicaLagCheck(
  router: () => Pick<RouterSeam, 'explain'>,
  { warnMs, failMs }: ReplicaLagOptions,
): Check {
  check.function('checks.replicaLag: router', router);
  check.number('checks.replicaLag: failMs', failMs, { min: check.number('checks.replicaLag: warnMs', warnMs) });
  return (_signal, { self }) => {
    const { region, lagMs } = router().explain('read');
    if (region !== self || lagMs === undefined) return undefined;
    return grade(Math.round(lagMs), 'ms', { warn: warnMs, fail: failMs });
  };
}
