import type { Check } from '../check.ts';
import { writable } from '../fleet.ts';

export const twoWriters: Check = {
  id: 'two-writers',
  title: 'One server takes writes',
  why: 'Two servers that take writes diverge: each acknowledges writes that the other never sees. It happens when a dead primary comes back after a failover, or when a standby is promoted beside a living primary.',
  find: (fleet) => {
    const servers = [...new Map(writable(fleet).map((node) => [node.id, node])).values()];
    const distinct = new Set(servers.map(({ facts }) => `${facts.system} ${facts.startedMs}`));
    if (distinct.size < 2) return [];
    const list = servers.map(({ id, facts }) => `${id} (timeline ${facts.timeline})`).join(' and ');
    return [
      {
        level: 'fault',
        where: 'fleet',
        evidence: `${list} take writes.`,
        fix: 'Fence the one with the lower timeline now: revoke its logins or stop it. Save its writes before it is rewound.',
      },
    ];
  },
};
