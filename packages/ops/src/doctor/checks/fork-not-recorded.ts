import type { Check, Found } from '../check.ts';
import { tailOf } from '../fleet.ts';

export const forkNotRecorded: Check = {
  id: 'fork-not-recorded',
  title: 'The tail keeper has recorded where the current timeline begins',
  why: 'salvage needs the fork and the first transaction of the new timeline. The keeper records both after the first checkpoint of a promoted server. Without them, only the history file of the server has the fork, and to read that needs more rights.',
  incident: 'A failover after which the lost writes could not be separated from others: GitHub in October 2018.',
  needs: ['tail'],
  find: (fleet) => {
    const { node, tail, recorded } = tailOf(fleet) ?? {};
    if (node !== undefined && tail?.readable === false) return [unread(node.id)];
    const { promotions, timeline } = node?.facts ?? {};
    if (node === undefined || promotions == null || timeline === undefined || timeline === 1) return [];
    if (promotions.checkpointed !== timeline) return [];
    if (recorded?.isFull === true) return recorded.hasFork ? [] : [withoutFork(node.id, timeline)];
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

/** A keeper records a promotion once, so a tick does not mend it. */
const withoutFork = (id: string, timeline: number): Found => ({
  level: 'warning',
  where: id,
  evidence: `regionkit.tail of ${id} has the first transaction of timeline ${timeline}, and not its fork: the server was restarted before a keeper could record it.`,
  fix: 'salvage then needs the history file of the server: let its role read that (pg_read_server_files), or name the fork (--fork). So that the next fork is recorded, apply the SQL of regionkit tail install as a role that may read the file.',
});

const unread = (id: string): Found => ({
  level: 'unknown',
  where: id,
  evidence: `The role of the configuration may not read what the tail keeper of ${id} has recorded.`,
  fix: 'Run GRANT USAGE ON SCHEMA regionkit TO … and GRANT SELECT ON regionkit.tail TO … on the primary.',
});
