import type { Check } from '../check.ts';
import { failoverTime as timeOf } from '../front/failover-time.ts';

export const failoverTime: Check = {
  id: 'failover-time',
  title: 'DNS moves clients away from a lost region within the objective',
  why: 'The time until clients arrive elsewhere is a sum: checks in a row, their interval, and the TTL. It is fixed on a quiet day, and cannot be shortened during the outage.',
  incident: 'A failover of an hour, though every part of it worked.',
  needs: ['ttl'],
  find: ({ config, front }) => {
    const time = timeOf(config, front);
    if (time === undefined || time.seconds <= config.limits.failoverSeconds) return [];
    return [
      {
        level: 'warning',
        where: 'fleet',
        evidence: `Clients leave a lost region after ${time.sentence}; the objective is ${config.limits.failoverSeconds} s.`,
        fix: 'Use checks every 10 s, an alias record (its TTL is 60 s) or a lower TTL, or raise limits.failoverSeconds.',
      },
    ];
  },
};
