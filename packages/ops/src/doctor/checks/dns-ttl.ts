import type { Check } from '../check.ts';

export const dnsTtl: Check = {
  id: 'dns-ttl',
  title: 'No global host has a longer TTL than the configuration says',
  why: 'Clients keep an address for its TTL, and that is the last part of every failover by DNS. A TTL of an hour, set for a migration and forgotten, makes the outage an hour longer.',
  incident: 'Clients that keep the old address: mysql2#948 and db_connection#99 are of this kind.',
  needs: ['ttl'],
  find: ({ config, front }) =>
    front.hosts.flatMap(({ host, isGlobal, addresses }) => {
      const ttl = addresses.ok ? (addresses.value.ttlSeconds ?? 0) : 0;
      if (!isGlobal || ttl <= config.front.ttlSeconds) return [];
      return [
        {
          level: 'warning',
          where: 'fleet',
          evidence: `${host} has a TTL of ${ttl} s or more; the configuration says ${config.front.ttlSeconds} s.`,
          fix: 'Lower the TTL of the record, or set front.ttlSeconds.',
        },
      ];
    }),
};
