import type { Check } from '../check.ts';
import { followed } from '../fleet.ts';
import { bytes } from '../say.ts';

export const tailLeftBehind: Check = {
  id: 'tail-left-behind',
  title: 'No standby keeps the slot that it had as the primary',
  why: 'A switchover makes a standby of a primary, and leaves the slot of the tail on it. Nothing moves a slot there, so it holds all WAL until the disk of that standby is full.',
  incident: 'A slot fills the disk: patroni#1732.',
  needs: ['servers', 'primary'],
  find: (fleet) =>
    followed(fleet).flatMap(({ standby: { id, facts }, writer }) => {
      const { tail, receiver } = facts;
      // One that cannot follow may have lost writes, and salvage needs its slot.
      const isFed = receiver?.status === 'streaming' && receiver.timeline === writer.facts.timeline;
      if (tail === null || !tail.exists || tail.lost || !isFed) return [];
      return [
        {
          level: 'warning' as const,
          where: id,
          evidence: `${id} streams, and has the slot ${tail.slot} of the time when it was the primary. It holds ${bytes(tail.heldBytes ?? 0)} of WAL.`,
          fix: `Drop it there, because a standby that streams has lost nothing: SELECT pg_drop_replication_slot('${tail.slot}').`,
        },
      ];
    }),
};
