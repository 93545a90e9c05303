import type { Check } from '../check.ts';
import { known, setting } from '../fleet.ts';
import { names } from '../say.ts';

export const slotUnbounded: Check = {
  id: 'slot-unbounded',
  title: 'Replication slots cannot fill the disk',
  why: 'With max_slot_wal_keep_size = -1 one reader that is gone stops the primary: WAL is kept until the disk is full. A standby that must be made again costs less.',
  incident: 'A slot fills the disk: patroni#1732.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet)
      .filter((node) => node.facts.slots.length > 0 && setting(node, 'max_slot_wal_keep_size') === -1)
      .map(({ id, facts }) => ({
        level: 'warning',
        where: id,
        evidence: `${id} has no max_slot_wal_keep_size, and slots: ${names(facts.slots.map(({ name }) => name))}.`,
        fix: "Run ALTER SYSTEM SET max_slot_wal_keep_size = '…' with a size that the disk has, and SELECT pg_reload_conf().",
      })),
};
