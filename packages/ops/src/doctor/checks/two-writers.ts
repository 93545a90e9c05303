import type { Check } from '../check.ts';
import { type KnownNode, writable } from '../fleet.ts';
import { names } from '../say.ts';

/** One server may be named twice in the configuration, under two addresses. */
const server = ({ facts }: KnownNode): string => `${facts.system} ${facts.startedMs} ${facts.timeline}`;

export const twoWriters: Check = {
  id: 'two-writers',
  title: 'One server takes writes',
  why: 'Two servers that take writes diverge: each acknowledges writes that the other never sees. It happens when a dead primary comes back after a failover, or when a standby is promoted beside a living primary.',
  incident:
    'Two primaries: GitHub in October 2018 (43 s of it took a day to repair), GitLab work item 4533, repmgr#766.',
  needs: ['servers'],
  find: (fleet) => {
    const all = writable(fleet);
    const systems = [...new Set(all.map(({ facts }) => facts.system))];
    return systems.flatMap((system) => {
      const writers = all.filter(({ facts }) => facts.system === system);
      if (new Set(writers.map(server)).size < 2) return [];
      const list = names(writers.map(({ id, facts }) => `${id} (timeline ${facts.timeline})`));
      return [
        {
          level: 'fault',
          where: 'fleet',
          evidence: `${list} take writes.`,
          fix: 'Fence the one with the lower timeline now: revoke its logins or stop it. Save its writes before it is rewound.',
        },
      ];
    });
  },
};
