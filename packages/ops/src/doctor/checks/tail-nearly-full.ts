import type { Check } from '../check.ts';
import { tailOf } from '../fleet.ts';
import { bytes } from '../say.ts';

/** From this part of the limit on. */
const NEARLY = 0.8;

export const tailNearlyFull: Check = {
  id: 'tail-nearly-full',
  title: 'The slot of the tail keeper is far from its limit',
  why: 'While a standby is away, the slot of the tail holds all WAL. Above maxHeldBytes the keeper drops it to save the disk, and a failover after that loses writes that no slot lists.',
  incident: 'A slot fills the disk: patroni#1732. A keeper drops its own before that.',
  needs: ['tail'],
  find: (fleet) => {
    const { node, tail, recorded } = tailOf(fleet) ?? {};
    const limit = recorded?.maxHeldBytes ?? undefined;
    if (node === undefined || tail === undefined || tail.lost || limit === undefined) return [];
    const held = tail.heldBytes ?? 0;
    if (held < NEARLY * limit) return [];
    return [
      {
        level: 'warning',
        where: node.id,
        evidence: `The slot ${tail.slot} of ${node.id} holds ${bytes(held)} of WAL. The keeper drops it above ${bytes(limit)}.`,
        fix: 'Bring the missing standby back, end what is open for long (old-transactions), or raise maxHeldBytes if the disk has room.',
      },
    ];
  },
};
