import type { Check } from '../check.ts';
import { known, writable } from '../fleet.ts';

export const noWriter: Check = {
  id: 'no-writer',
  title: 'A server takes writes',
  why: 'Without a primary every write fails or waits. It happens when a failover stops halfway, or when the primary is missing in the configuration of the tool that looks after it.',
  incident: 'A failover that stops halfway, as in pg_auto_failover#1060, where every node stayed in report_lsn.',
  needs: ['servers'],
  find: (fleet) => {
    // A server that did not answer may be the primary: that it is unreachable is a finding of its own.
    const answered = known(fleet);
    if (answered.length < fleet.nodes.length || answered.length === 0 || writable(fleet).length > 0) return [];
    return [
      {
        level: 'fault',
        where: 'fleet',
        evidence: `All ${answered.length} servers of the configuration are standbys.`,
        fix: 'Add the primary to the configuration, or run regionkit failover plan.',
      },
    ];
  },
};
