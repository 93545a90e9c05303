import type { Check, Found } from '../check.ts';

export const dnsNames: Check = {
  id: 'dns-names',
  title: 'Every host has an IPv4 address',
  why: 'A name that one machine cannot resolve is a region, a peer or a primary that it cannot see.',
  incident: 'A standby that cannot resolve the primary, and promotes itself: GitLab production 287.',
  needs: ['dns'],
  find: ({ front }) =>
    front.hosts.flatMap(({ host, addresses }): readonly Found[] => {
      if (addresses.ok) return [];
      if (addresses.why === 'no-such-host' || addresses.why === 'no-ipv4') {
        return [
          {
            level: 'fault',
            where: 'fleet',
            evidence: `${host} has no IPv4 address.`,
            fix: `Add an A record for ${host}, or correct the name in the configuration.`,
          },
        ];
      }
      return [
        {
          level: 'unknown',
          where: 'fleet',
          evidence: `DNS did not answer for ${host}.`,
          fix: 'Look at the DNS servers of this machine.',
        },
      ];
    }),
};
