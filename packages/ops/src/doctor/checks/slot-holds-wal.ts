import type { Check } from '../check.ts';
import { known, setting } from '../fleet.ts';
import { bytes } from '../say.ts';

export const slotHoldsWal: Check = {
  id: 'slot-holds-wal',
  title: 'No replication slot holds much WAL',
  why: 'A slot keeps WAL until its reader has it. A reader that is gone fills the disk of the primary, and the primary stops.',
  incident: 'A slot fills the disk: patroni#1732. WAL that ran away: PagerTree on Fly in July 2023.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet).flatMap((node) =>
      node.facts.slots
        // The slot of the tail has a limit of its own: tail-nearly-full.
        .filter(
          ({ name, status, heldBytes }) =>
            status !== 'lost' && (heldBytes ?? 0) > fleet.config.limits.slotBytes && name !== node.facts.tail?.slot,
        )
        .map(({ name, active, heldBytes }) => {
          const keep = setting(node, 'max_slot_wal_keep_size') ?? -1;
          const end = keep < 0 ? 'It fills the disk' : `It is invalidated at ${bytes(keep * 1_024 ** 2)}`;
          return {
            level: 'fault',
            where: node.id,
            evidence: `The slot ${name} of ${node.id} holds ${bytes(heldBytes ?? 0)} of WAL, and its reader is ${active ? 'slow' : 'not connected'}. ${end}.`,
            fix: active
              ? 'Find out why its reader is slow.'
              : "Start its reader, or drop the slot if nothing needs it: SELECT pg_drop_replication_slot('…').",
          };
        }),
    ),
};
