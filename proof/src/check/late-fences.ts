import type { FaultEntry, OperationEntry, RowEntry } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import type { Region } from '../regions.ts';
import { restarts } from '../schedule/fault.ts';
import { stalledMs, worldAt } from './conditions.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * A standby was promoted beside a primary that lives. A process that reaches both may go on to write on the old one for a
 * second while its writes flow, and no longer: every such write is lost.
 */
const BOUND_MS = 1_000;
/** Writes count as a flow while no more than this lies between two of them. */
const FLOW_MS = 2_000;
/** For the answers of two nodes, and the way of a request to its process. */
const SLACK_MS = 500;

export function checkLateFences(history: History): readonly Violation[] {
  // Who reaches the local database alone learns it from documents, at their pace.
  if (history.run.deployment.pools !== 'all') return [];
  return history.faults.flatMap((fault) => {
    if (fault.fault.kind !== 'promote-beside' || fault.result !== 'done') return [];
    return (fault.promotions ?? []).flatMap((promotion) => judge(history, fault, promotion.parent, promotion.region));
  });
}

interface Write {
  readonly operation: OperationEntry;
  readonly row: RowEntry;
}

function judge(history: History, promotion: FaultEntry, parent: number, promoted: Region): readonly Violation[] {
  const late: Violation[] = [];
  for (const [app, writes] of writesByApp(history)) {
    const since = knowableSince(writes, promotion.endMs);
    const region = app.split('/')[0] as Region;
    if (since === undefined) continue;
    for (const { operation, row } of writes) {
      if (row.timeline !== parent || history.survives(operation.id)) continue;
      const stalled = stalledMs(history.stalls, promotion.startMs, operation.startMs);
      const lateMs = operation.startMs - since - stalled - BOUND_MS - SLACK_MS;
      if (lateMs <= 0 || isExcused(history, promotion, operation, [region, promoted])) continue;
      late.push({
        rule: 'fence-late',
        operations: [operation.id],
        says: `${app} wrote on timeline ${parent} ${Math.round(operation.startMs - promotion.endMs)} ms after ${promoted} had been promoted beside it`,
      });
    }
  }
  return late;
}

/** Acknowledged writes by the process that sent them, in the order in which they began. */
function writesByApp(history: History): Map<string, Write[]> {
  const writes = new Map<string, Write[]>();
  for (const operation of history.operations) {
    if (!isWrite(operation.kind) || operation.outcome !== 'ok') continue;
    const [row] = history.rowsOf(operation.id);
    if (row === undefined) continue;
    const known = writes.get(row.app) ?? [];
    writes.set(row.app, known);
    known.push({ operation, row });
  }
  return writes;
}

/** From when on the process looks at the other nodes often: the promotion, if its writes flowed then, or its next write. */
function knowableSince(writes: readonly Write[], promotedMs: number): number | undefined {
  const flows = writes.some(
    ({ operation }) => operation.startMs <= promotedMs && operation.endMs >= promotedMs - FLOW_MS,
  );
  return flows ? promotedMs : writes.find(({ operation }) => operation.startMs > promotedMs)?.operation.startMs;
}

/** A process that was stopped, started, or cut off from the promoted node could not know. */
function isExcused(
  { faults }: History,
  { startMs }: FaultEntry,
  operation: OperationEntry,
  regions: readonly Region[],
): boolean {
  const between = faults.filter((fault) => fault.startMs <= operation.endMs && fault.endMs >= startMs);
  if (between.some((fault) => worldAt(faults, fault.startMs).network !== undefined)) return true;
  return between.some(({ fault }) =>
    regions.some((region) => ('region' in fault && fault.region === region) || restarts(fault, region)),
  );
}
