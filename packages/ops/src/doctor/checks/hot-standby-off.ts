import type { Check } from '../check.ts';
import { known } from '../fleet.ts';

export const hotStandbyOff: Check = {
  id: 'hot-standby-off',
  title: 'Every server can serve reads as a standby',
  why: 'A primary with hot_standby = off becomes a standby that refuses every connection: after the failover its region has no local reads, and nothing can ask it how far it is.',
  incident: 'Replicas that cannot be read after a promotion: Cloudflare in November 2020.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet)
      .filter(({ facts }) => facts.settings['hot_standby'] === 'off')
      .map(({ id }) => ({
        level: 'warning',
        where: id,
        evidence: `hot_standby is off on ${id}.`,
        fix: `Set hot_standby = on in the configuration of ${id}, and restart it.`,
      })),
};
