import type { Operations } from '../config/check-config.ts';
import type { Finding } from '../records/record.ts';
import type { Adapter } from './adapters/adapter.ts';
import type { Proposal } from './plan.ts';
import { appRolesOf } from './survey/app-roles.ts';
import { type Situation, writers } from './survey/situation.ts';
import { addFence, LACKS_BOTH, LOCK_SAYS, PAUSED_SAYS, whoFences } from './who-fences.ts';

interface Planned {
  readonly config: Pick<Operations, 'failover' | 'regions'>;
  readonly adapter: Pick<Adapter, 'name' | 'demotes'>;
  readonly proposal: Pick<Proposal, 'mode' | 'from' | 'requireFence'>;
  readonly situation: Situation;
}

/** What a plan must say before it begins: the command would not keep the app from the old primary. Pure. */
export function fenceWarnings({ config, adapter, proposal, situation }: Planned): readonly Finding[] {
  const { mode, from, requireFence } = proposal;
  const takesWrites = writers(situation).some(({ region }) => region === from);
  const isPaused = situation.manager?.paused === true;
  const isDemoted = mode === 'switchover' && adapter.demotes;
  const by = whoFences({ config, isDemoted, takesWrites, isPaused });
  if (by !== 'lock' && by !== 'nothing') return [];
  const hasRoles = appRolesOf(config).length > 0;
  const why = hasRoles
    ? `no server of ${from} answers that takes writes, so the logins of the app cannot be revoked there, and no hook is configured (failover.hooks.fence)`
    : LACKS_BOTH;
  const others = isPaused ? `, and ${PAUSED_SAYS}` : `, and the adapter ${adapter.name} does not stop the old primary`;
  const says =
    by === 'lock'
      ? `The command cannot fence ${from} now: ${why}. ${LOCK_SAYS}.`
      : `Nothing can fence ${from} now: ${why}${hasRoles && !isPaused ? '' : others}.`;
  const stops = requireFence || (!hasRoles && takesWrites);
  const effect = stops
    ? ' The run would stop at the step fence.'
    : by === 'lock'
      ? ''
      : ' If the old primary still runs or comes back, its app writes to it: there are two primaries, and these writes are lost.';
  return [
    {
      type: 'finding',
      id: 'cannot-fence',
      level: 'warning',
      where: from,
      evidence: `${says}${effect}`,
      fix: `${addFence(from, by, hasRoles)}. Without one, cut it off by hand first.`,
    },
  ];
}
