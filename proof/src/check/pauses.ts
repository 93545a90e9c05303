import type { PromotionNote } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * A pause before a switchover holds every new write in every region. So what was asked for after nothing was under way is
 * written by the new primary, and not by the old one. A pause that ended by itself before the switchover excuses it.
 */
export function checkPauses(history: History): readonly Violation[] {
  return history.faults.flatMap(({ promotions = [] }) => promotions.flatMap((promotion) => judge(history, promotion)));
}

function judge(
  history: History,
  { region, parent, drainedMs, pausedUntilMs = 0 }: PromotionNote,
): readonly Violation[] {
  if (drainedMs === undefined) return [];
  return history.operations.flatMap(({ id, kind, startMs, endMs }): Violation[] => {
    if (!isWrite(kind) || startMs <= drainedMs || endMs >= pausedUntilMs) return [];
    const [row] = history.rowsOf(id).filter(({ timeline }) => timeline === parent);
    if (row === undefined) return [];
    const says = `was written by ${row.app} on timeline ${parent}, ${Math.round(startMs - drainedMs)} ms after the writes had been paused for ${region}`;
    return [{ rule: 'written-in-pause', operations: [id], says }];
  });
}
