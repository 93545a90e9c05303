import type { DrillEnd, DrillStart } from '../records/record.ts';
import type { Conducted } from './conduct.ts';
import { measure } from './measure/measures.ts';
import { judgeDrill } from './measure/verdict.ts';

interface Ended {
  readonly start: DrillStart;
  readonly conducted: Conducted;
  readonly mayLose: boolean;
  readonly atMs: number;
}

/** The last record of a drill but one: what was measured, and the verdict. Pure. */
export function drillEnd({ start, conducted, mayLose, atMs }: Ended): DrillEnd {
  const { isFaultSeen, faults, stable, rows } = conducted;
  const { id, scenario, objectiveMs, rpoMs } = start;
  const measures = measure(conducted);
  const isLedgerKnown = rows !== undefined;
  const { verdict, why } = judgeDrill({
    measures,
    objectiveMs,
    rpoMs,
    isFaultSeen,
    isStable: stable !== undefined,
    isLedgerKnown,
    mayLose,
    faults,
  });
  const { readMs, writeMs, goodMs, reads, writes, acknowledged, failedReads, refusedWrites, unknownWrites, unsent } =
    measures;
  return {
    type: 'measured',
    drill: id,
    scenario,
    verdict,
    why,
    ...(readMs !== undefined && { readMs }),
    ...(writeMs !== undefined && { writeMs }),
    // Before it is stable, nothing says that the last fault is over.
    ...(goodMs !== undefined && stable !== undefined && { goodMs }),
    objectiveMs,
    rpoMs,
    reads,
    writes,
    acknowledged,
    failedReads,
    refusedWrites,
    unknownWrites,
    ...(unsent > 0 && { unsent }),
    wrongReads: measures.wrongReads,
    ...(isLedgerKnown && { lostWrites: measures.lostWrites, lossMs: measures.lossMs }),
    atMs,
  };
}
