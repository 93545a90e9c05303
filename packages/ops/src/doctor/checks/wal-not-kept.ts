import type { Check } from '../check.ts';
import { followed, setting } from '../fleet.ts';

export const walNotKept: Check = {
  id: 'wal-not-kept',
  title: 'The primary keeps WAL for a standby that is away',
  why: 'Without wal_keep_size, a slot or an archive, WAL is removed at the next checkpoint. A standby that was away for some minutes, or that has to follow a new primary, must then be made again from a base backup.',
  incident: 'Every replica made again after a switch: Cloudflare in November 2020.',
  needs: ['servers', 'primary'],
  find: (fleet) =>
    followed(fleet)
      .filter(
        ({ standby, writer }) =>
          setting(writer, 'wal_keep_size') === 0 &&
          !standby.facts.restores &&
          !writer.facts.slots.some(({ physical }) => physical),
      )
      .map(({ standby, writer }) => ({
        level: 'warning',
        where: standby.id,
        evidence: `${writer.id} keeps no WAL for ${standby.id}: wal_keep_size is 0, there is no physical slot, and the standby has no restore_command.`,
        fix: `Set wal_keep_size on every server (for example '2GB'), or give ${standby.id} a slot.`,
      })),
};
