import type { Check } from '../check.ts';
import { tailOf } from '../fleet.ts';

export const forkNotRecorded: Check = {
  id: 'fork-not-recorded',
  title: 'The tail keeper has recorded where the current timeline begins',
  why: 'salvage needs the fork and the first transaction of the new timeline. The keeper records both after the first checkpoint of a promoted server. Without them, only the history file of the server has the fork, and to read that needs more rights.',
  incident: 'A failover whose lost writes could not be told from others: GitHub in October 2018.',
  find: (fleet) => {
    const { node, recorded } = tailOf(fleet) ?? {};
    const { promotions, timeline } = node?.facts ?? {};
    if (node === undefined || promotions == null || timeline === undefined || timeline === 1) return [];
    if (promotions.checkpointed !== timeline) return [];
    if (recorded?.isFull === true) return [];
    return [
      {
        level: 'warning',
        where: node.id,
        evidence: `regionkit.tail of ${node.id} does not say where timeline ${timeline} begins.`,
        fix: 'Let a tail keeper tick (tail-not-ticking). It records the fork within one interval.',
      },
    ];
  },
};
