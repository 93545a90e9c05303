import type { Check, Found } from '../check.ts';
import { tailOf } from '../fleet.ts';
import { duration } from '../say.ts';

/** A keeper with the default options ticks within this time. */
const DUE_MS = 70_000;

export const tailNotTicking: Check = {
  id: 'tail-not-ticking',
  title: 'A tail keeper ticks',
  why: 'A keeper moves its slot and drops it above its limit. If none ticks, the slot holds all WAL until the disk of the primary is full, and a new primary gets no slot.',
  incident: 'A slot that nothing moved filled the disk: patroni#1732.',
  needs: ['tail'],
  find: (fleet) => {
    const { node, tail, recorded } = tailOf(fleet) ?? {};
    if (node === undefined || tail === undefined || !tail.exists || !tail.usable) return [];
    if (!tail.showsTicks) return [unseen(node.id)];
    const { nowMs, startedMs } = node.facts;
    const sinceMs = tail.tickedMs === null ? undefined : nowMs - tail.tickedMs;
    // While the server was down no keeper could tick, and a crash forgets the last tick.
    const couldTickMs = Math.min(sinceMs ?? Number.POSITIVE_INFINITY, nowMs - startedMs);
    if (couldTickMs <= (recorded?.dueMs ?? DUE_MS)) return [];
    return [
      {
        level: 'fault',
        where: node.id,
        evidence:
          sinceMs === undefined
            ? `No tail keeper has ticked on ${node.id} since its slot was made or the server crashed.`
            : `No tail keeper has ticked on ${node.id} for ${duration(sinceMs)}.`,
        fix: 'Find out why no process of the app ticks (createTailKeeper, REGIONKIT_TAIL_FAILED). If none should, remove the slot: regionkit tail drop --execute.',
      },
    ];
  },
};

/** On some hosts no role can give this right, so it is a note. */
const unseen = (id: string): Found => ({
  level: 'note',
  where: id,
  evidence: `Whether a tail keeper ticks on ${id} is not known: the owner of its functions may not count the ticks.`,
  fix: 'Run GRANT EXECUTE ON FUNCTION pg_stat_reset_replication_slot(text) TO the role that applied the SQL of regionkit tail install. Without it, look for REGIONKIT_TAIL_FAILED in the log of the app.',
});
