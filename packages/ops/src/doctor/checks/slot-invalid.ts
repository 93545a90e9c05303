import type { Check } from '../check.ts';
import { known } from '../fleet.ts';

export const slotInvalid: Check = {
  id: 'slot-invalid',
  title: 'No replication slot has lost its WAL',
  why: 'A slot whose WAL was removed is of no use: the standby or subscriber behind it cannot continue and must be made again. Only the log says so.',
  incident: 'Standbys that must be made again under load: Cloudflare in November 2020.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet).flatMap(({ id, facts }) =>
      facts.slots
        // tail-not-kept tells of the slot of the tail.
        .filter(({ name, status }) => (status === 'lost' || status === 'unreserved') && name !== facts.tail?.slot)
        .map(({ name, status, reason }) => ({
          level: 'fault',
          where: id,
          evidence:
            status === 'lost'
              ? `The slot ${name} of ${id} ${why(reason)}.`
              : `The slot ${name} of ${id} loses its WAL at the next checkpoint.`,
          fix:
            status === 'lost'
              ? "Drop it (SELECT pg_drop_replication_slot('…')), and make the standby or subscriber behind it again."
              : 'Start its reader now, or raise max_slot_wal_keep_size.',
        })),
    ),
};

/** PostgreSQL 17 and later say why. Other reasons than removed WAL have invalidated the slot, and its WAL is not kept. */
const why = (reason: string | null): string =>
  reason === null || reason === 'wal_removed'
    ? 'has lost WAL that its reader needs'
    : `was invalidated (${reason}), so its reader cannot continue`;
