import type { Check } from '../check.ts';
import { known } from '../fleet.ts';

export const noRewind: Check = {
  id: 'no-rewind',
  title: 'A former primary can be rewound',
  why: 'pg_rewind needs wal_log_hints or data checksums, set before the failover. Without them the old primary must be copied as a whole, and for those hours there is one copy less.',
  incident: 'Every replica made again, under load: Cloudflare in November 2020.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet)
      .filter(({ facts }) => facts.settings['wal_log_hints'] === 'off' && facts.settings['data_checksums'] === 'off')
      .map(({ id }) => ({
        level: 'warning',
        where: id,
        evidence: `${id} has neither wal_log_hints nor data checksums.`,
        fix: `Set wal_log_hints = on in the configuration of ${id}, and restart it in a quiet hour.`,
      })),
};
