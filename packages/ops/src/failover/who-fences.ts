import type { Operations } from '../config/check-config.ts';
import { appRolesOf } from './survey/app-roles.ts';

/**
 * What keeps the app of a lost region from its database.
 * - `hook`: a hook of `fence` cuts it off.
 * - `logins`: its logins are revoked on a server that answers.
 * - `demotion`: the manager takes the role from the old primary in a switchover.
 * - `lock`: Patroni alone. Its agent demotes a primary that can no longer renew the leader lock. It does not if it hangs.
 * - `nothing`.
 */
export type Fencer = 'hook' | 'logins' | 'demotion' | 'lock' | 'nothing';

export interface Fencing {
  readonly config: Pick<Operations, 'failover' | 'regions'>;
  /** Whether a manager takes the role from the old primary in this case. */
  readonly isDemoted: boolean;
  /** Whether a server of the region answers and takes writes. */
  readonly takesWrites: boolean;
  /** Whether the manager of the cluster does nothing by itself at present. */
  readonly isPaused: boolean;
}

/** One decision for the plan of a failover, and for the doctor before it. Pure. */
export function whoFences({ config, isDemoted, takesWrites, isPaused }: Fencing): Fencer {
  if (isDemoted) return 'demotion';
  if (config.failover.hooks.fence.length > 0) return 'hook';
  if (takesWrites && appRolesOf(config).length > 0) return 'logins';
  const isUnderPatroni =
    config.failover.adapter === 'patroni' || config.regions.some(({ patroni }) => patroni !== undefined);
  return isUnderPatroni && !isPaused ? 'lock' : 'nothing';
}

/** Sentences for both. https://patroni.readthedocs.io/en/latest/watchdog.html and pause.html */
export const LOCK_SAYS =
  'Patroni fences it by its own lock: its agent there stops a primary that cannot renew the lock. An agent that hangs, or was ended without its server, does not: then the app there goes on writing, and these writes are lost';
export const PAUSED_SAYS = 'Patroni is paused, so it stops no primary that has lost its lock';

/** Where there is neither a hook nor a role. */
export const LACKS_BOTH =
  'the configuration has no hook (failover.hooks.fence) and no role of the app (failover.appRoles, regions[…].app)';

/** What to add, without a full stop. */
export function addFence(region: string, by: Fencer, hasRoles: boolean): string {
  const hook = `a hook of fence that cuts the app of ${region} off from its database (security group, network policy, stop of the instance)`;
  if (by === 'lock')
    return `Set watchdog: mode: required for Patroni, so that the machine of an agent that hangs is reset. Or add ${hook}`;
  return `Add ${hook}${hasRoles ? '' : ', or the roles with which the app logs in (failover.appRoles)'}`;
}
