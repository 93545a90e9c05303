import type { Check } from '../check.ts';
import { known } from '../fleet.ts';

export const slotInvalid: Check = {
  id: 'slot-invalid',
  title: 'No replication slot has lost its WAL',
  why: 'A slot whose WAL was removed is of no use: the standby or subscriber behind it cannot continue and must be made again. Only the log says so.',
  incident: 'Standbys that must be made again under load: Cloudflare in November 2020.',
  find: (fleet) =>
    known(fleet).flatMap(({ id, facts }) =>
      facts.slots
        .filter(({ status }) => status === 'lost' || status === 'unreserved')
        .map(({ name, status }) => ({
          level: 'fault',
          where: id,
          evidence:
            status === 'lost'
              ? `The slot ${name} of ${id} has lost WAL that its reader needs.`
              : `The slot ${name} of ${id} loses its WAL at the next checkpoint.`,
          fix:
            status === 'lost'
              ? "Drop it (SELECT pg_drop_replication_slot('…')), and make the standby or subscriber behind it again."
              : 'Start its reader now, or raise max_slot_wal_keep_size.',
        })),
    ),
};
