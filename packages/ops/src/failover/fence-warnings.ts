import type { Operations } from '../config/check-config.ts';
import type { Finding } from '../records/record.ts';
import type { Adapter } from './adapters/adapter.ts';
import type { Proposal } from './plan.ts';
import { appRolesOf } from './survey/app-roles.ts';
import { type Situation, writers } from './survey/situation.ts';

interface Fencing {
  readonly config: Pick<Operations, 'failover' | 'regions'>;
  readonly adapter: Pick<Adapter, 'name' | 'demotes'>;
  readonly proposal: Pick<Proposal, 'mode' | 'from' | 'requireFence'>;
  readonly situation: Situation;
}

/** What a plan must say before it begins: nothing would keep the app from the old primary. Pure. */
export function fenceWarnings({ config, adapter, proposal, situation }: Fencing): readonly Finding[] {
  const { mode, from, requireFence } = proposal;
  const isDemoted = mode === 'switchover' && adapter.demotes;
  if (isDemoted || config.failover.hooks.fence.length > 0) return [];
  const hasRoles = appRolesOf(config).length > 0;
  const takesWrites = writers(situation).some(({ region }) => region === from);
  if (hasRoles && takesWrites) return [];
  const why = hasRoles
    ? `no server of ${from} answers that takes writes, so the logins of the app cannot be revoked there, and no hook is configured (failover.hooks.fence)`
    : `the configuration has no hook (failover.hooks.fence) and no role of the app (failover.appRoles, regions[…].app), and the adapter ${adapter.name} does not stop the old primary`;
  const effect =
    requireFence || (!hasRoles && takesWrites)
      ? 'The run would stop at the step fence.'
      : 'If the old primary still runs or comes back, its app writes to it: there are two primaries, and these writes are lost.';
  return [
    {
      type: 'finding',
      id: 'cannot-fence',
      level: 'warning',
      where: from,
      evidence: `Nothing can fence ${from} now: ${why}. ${effect}`,
      fix: `Add a hook of fence that cuts the app of ${from} off from its database (security group, network policy, stop of the instance)${hasRoles ? '' : ', or the roles with which the app logs in'}. Without one, cut it off by hand first.`,
    },
  ];
}
