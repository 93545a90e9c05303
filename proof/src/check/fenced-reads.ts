import type { Knowledge, OperationEntry } from '../history/entries.ts';
import { isRead } from '../history/kinds.ts';
import type { History } from './index-history.ts';
import { leftAt } from './lineage.ts';
import type { Violation } from './violation.ts';

/** Nothing that was written beyond a fork is shown by an app that knew of that fork: its node is fenced. */
export function checkFencedReads(history: History): readonly Violation[] {
  return history.operations.flatMap((read) => {
    if (!isRead(read.kind) || read.outcome !== 'ok') return [];
    const knowledge = read.knew?.find(({ region }) => region === read.served);
    return knowledge === undefined ? [] : judge(history, read, knowledge);
  });
}

function judge(history: History, read: OperationEntry, knowledge: Knowledge): readonly Violation[] {
  const shown = read.entries ?? (read.value === undefined ? [] : [read.value]);
  return shown.flatMap((id): Violation[] => {
    if (history.survives(id)) return [];
    const [row] = history.rowsOf(id);
    if (row === undefined) return [];
    const left = leftAt(knowledge.forks, row.timeline, knowledge.timeline);
    if (left === undefined || BigInt(row.lsn) < left) return [];
    return [
      {
        rule: 'read-from-fenced',
        operations: [id, read.id],
        says: `${knowledge.region} showed ${id}, written at ${row.lsn} of timeline ${row.timeline}, when it knew that this was left at ${left}`,
      },
    ];
  });
}
