import type { Knowledge, OperationEntry } from '../history/entries.ts';
import { isRead } from '../history/kinds.ts';
import type { History } from './index-history.ts';
import { leftAt } from './lineage.ts';
import { overlapsReset } from './resets.ts';
import type { Violation } from './violation.ts';

/**
 * For how long a standby that has not followed yet may serve reads without a token, after its app has learnt of the
 * newer timeline: `maxLagMs`, and what an app needs to hear and to answer.
 */
const GRACE_MS = 12_000;

/**
 * No read comes from a primary below a timeline that its app knew, and none from a standby that has gone astray for
 * long.
 */
export function checkFencedReads(history: History): readonly Violation[] {
  const heardAtMs = new Map<string, number>();
  const heard = ({ region, process = 0, timeline }: Knowledge, atMs: number): number => {
    const subject = `${region}/${process} ${timeline}`;
    const known = heardAtMs.get(subject) ?? atMs;
    heardAtMs.set(subject, known);
    return known;
  };
  return history.operations.flatMap((read) => {
    for (const knowledge of read.knew ?? []) heard(knowledge, read.startMs);
    const knowledge = read.knew?.find(({ region }) => region === read.served);
    if (!isRead(read.kind) || read.outcome !== 'ok' || knowledge === undefined) return [];
    if (overlapsReset(history, read)) return [];
    return [
      ...fromPrimary(read, knowledge),
      ...(read.startMs - heard(knowledge, read.startMs) > GRACE_MS ? fromStandby(history, read, knowledge) : []),
    ];
  });
}

function fromPrimary(read: OperationEntry, { region, timeline }: Knowledge): readonly Violation[] {
  const { written } = read;
  // It may have learnt of one while the read was held.
  const heard = Math.max(timeline, read.known ?? 0);
  if (written === undefined || written === 0 || written >= heard) return [];
  const says = `${region} read from the primary of timeline ${written} when it knew timeline ${heard}`;
  return [{ rule: 'read-from-fenced', operations: [read.id], says }];
}

function fromStandby(history: History, read: OperationEntry, knowledge: Knowledge): readonly Violation[] {
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
        says: `${knowledge.region} showed ${id}, written at ${row.lsn} of timeline ${row.timeline}, long after it knew that this was left at ${left}`,
      },
    ];
  });
}
