import type { Check } from '../check.ts';
import { standbys } from '../fleet.ts';

export const notStreaming: Check = {
  id: 'not-streaming',
  title: 'Every standby streams',
  why: 'A standby that does not stream falls behind with every write. A failover to it loses all of them, and reads from it are old. It often begins with a changed password, a firewall rule or removed WAL, and no client sees it.',
  incident:
    'Replication that had stopped before the disaster: GitLab in January 2017, where WAL was removed before the standby had it.',
  needs: ['servers'],
  find: (fleet) =>
    standbys(fleet)
      .filter(({ facts: { role, receiver } }) => role.monitor && receiver?.status !== 'streaming')
      .map(({ id, facts: { receiver, restores } }) => ({
        level: 'fault',
        where: id,
        evidence:
          receiver === null
            ? `${id} has no WAL receiver${restores ? ': it only restores from the archive' : ''}.`
            : `The WAL receiver of ${id} is ${receiver.status}.`,
        fix: `Read the log of ${id}: it says why the connection of primary_conninfo fails. If WAL was removed, make the standby again.`,
      })),
};
