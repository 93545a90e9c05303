import type { Check } from '../check.ts';
import { known } from '../fleet.ts';

export const noPgMonitor: Check = {
  id: 'no-pg-monitor',
  title: 'The role of the configuration has pg_monitor',
  why: 'Without pg_monitor a server hides whom it streams to and from, and what its sessions do. The checks of replication then see nothing, which looks like a healthy setup.',
  incident:
    'Monitoring that sees nothing and shows green: the failed backups of GitLab in January 2017 were found during the restore.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet)
      .filter(({ facts }) => !facts.role.monitor)
      .map(({ id, facts }) => ({
        level: 'unknown',
        where: id,
        evidence: `The role ${facts.role.name} has no pg_monitor: replication and sessions of ${id} were not examined.`,
        fix: 'Run GRANT pg_monitor TO … on the primary.',
      })),
};
