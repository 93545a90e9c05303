import type { Check } from '../check.ts';
import { writable } from '../fleet.ts';

export const syncStandby: Check = {
  id: 'sync-standby',
  title: 'A standby of synchronous_standby_names is connected',
  why: 'With synchronous_standby_names and none of them connected, every COMMIT waits forever. It looks like a hung application. After a failover the names often fit no server that is left.',
  incident: "Primary's disk and synchronous standby at once: GoCardless 2017.",
  needs: ['servers', 'primary'],
  find: (fleet) =>
    writable(fleet)
      .filter(
        ({ facts: { role, settings, senders } }) =>
          role.monitor &&
          (settings['synchronous_standby_names'] ?? '') !== '' &&
          !senders.some(({ sync }) => sync === 'sync' || sync === 'quorum'),
      )
      .map(({ id, facts }) => ({
        level: 'fault',
        where: id,
        evidence: `synchronous_standby_names of ${id} is ${facts.settings['synchronous_standby_names']}, and no such standby streams: commits wait.`,
        fix: 'Start that standby, compare the names with application_name in its primary_conninfo, or set synchronous_standby_names to those that are there.',
      })),
};
