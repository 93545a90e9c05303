import { appRolesOf } from '../../failover/survey/app-roles.ts';
import { addFence, LACKS_BOTH, LOCK_SAYS, PAUSED_SAYS, whoFences } from '../../failover/who-fences.ts';
import type { Check } from '../check.ts';
import { writer } from '../fleet.ts';
import { underAutoFailover } from '../manager/auto-failover.ts';

export const cannotFence: Check = {
  id: 'cannot-fence',
  title: 'A failover can fence a region that is cut off',
  why: 'A region that is cut off is not dead: its app goes on writing to its own primary, and these writes are lost after a failover. The logins of the app can be revoked only on a server that answers. A hook of fence needs no answer of the server: it cuts the app off by the network or by the provider.',
  incident:
    'Writes on both sides of a partition: GitHub in October 2018. Two writable servers after a stall: pg_auto_failover#1032.',
  needs: ['managers'],
  find: (fleet) => {
    const { config, managers, nodes } = fleet;
    const regions = new Set(nodes.map(({ region }) => region));
    // With one region there is no failover. Under pg_auto_failover this command does none.
    if (regions.size < 2 || underAutoFailover(fleet).length > 0) return [];
    const isPaused = managers.some(({ facts }) => facts.ok && facts.value.paused);
    const by = whoFences({ config, isDemoted: false, takesWrites: false, isPaused });
    if (by !== 'lock' && by !== 'nothing') return [];
    const home = writer(fleet)?.region;
    const region = home ?? 'the region of the primary';
    const hasRoles = appRolesOf(config).length > 0;
    const lacks = hasRoles
      ? 'the configuration has no hook (failover.hooks.fence), and logins cannot be revoked on a server that does not answer'
      : LACKS_BOTH;
    return [
      {
        level: by === 'lock' ? 'note' : 'warning',
        where: home ?? 'fleet',
        evidence:
          by === 'lock'
            ? `If ${region} is cut off, the command failover cannot fence it: ${lacks}. ${LOCK_SAYS}.`
            : `If ${region} is cut off, nothing can fence it: ${lacks}${isPaused ? `, and ${PAUSED_SAYS}` : ''}. Its app would go on writing, and these writes would be lost.`,
        fix: `${addFence(region, by, hasRoles)}.`,
      },
    ];
  },
};
