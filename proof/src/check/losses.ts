import type { OperationEntry, Position } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import { UNKNOWN_LSN } from '../history/position.ts';
import { effectOf, type History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * What was acknowledged is there at the end; only a failover may have cost a write, and only one beyond the fork; and of two
 * that were promoted at once, the one that was not kept.
 */
export function checkLosses(history: History): readonly Violation[] {
  return history.operations.flatMap((operation) => {
    if (!isWrite(operation.kind) || operation.outcome !== 'ok' || history.survives(effectOf(operation))) return [];
    const violation = judge(history, operation);
    return violation === undefined ? [] : [violation];
  });
}

function judge({ rowsOf, lineage }: History, operation: OperationEntry): Violation | undefined {
  const operations = [operation.id];
  const [row] = rowsOf(effectOf(operation));
  if (row === undefined) {
    return { rule: 'acknowledged-nowhere', operations, says: 'was acknowledged and is in no data directory' };
  }
  if (lineage.isOtherTwin(row.timeline, ownersOn(operation.received, row.timeline))) return undefined;
  const departure = lineage.departureFrom(row.timeline);
  if (departure === undefined) {
    const says = `was acknowledged on timeline ${row.timeline}, which no region left, and is missing`;
    return { rule: 'lost-without-cause', operations, says };
  }
  if (departure.how === 'switchover') {
    const says = `was acknowledged on timeline ${row.timeline} and is missing since the switchover to ${departure.child}`;
    return { rule: 'lost-in-switchover', operations, says };
  }
  const position = positionOn(operation.received, row.timeline);
  if (position !== undefined && position <= departure.lsn) {
    const says = `was acknowledged at ${position}, the fork to timeline ${departure.child} is at ${departure.lsn}, and it is missing`;
    return { rule: 'lost-below-fork', operations, says };
  }
  return undefined;
}

function positionOn(received: readonly Position[], on: number): bigint | undefined {
  const made = received.find(({ kind, timeline, lsn }) => kind === 'write' && timeline === on && lsn !== UNKNOWN_LSN);
  return made === undefined ? undefined : BigInt(made.lsn);
}

function ownersOn(received: readonly Position[], on: number): readonly string[] {
  return received.flatMap(({ timeline, owner }) => (timeline === on ? [owner] : []));
}
