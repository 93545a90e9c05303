import { errorCode } from '@regionkit/core/kit';
import type { Context, Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { newRunId } from '../failover/run-file/run-file.ts';
import type { DrillEnd, DrillStart, Emit, Finding } from '../records/record.ts';
import { openJournal } from './journal/journal.ts';
import { exitOf } from './measure/verdict.ts';

type DrillHead = Omit<DrillStart, 'type' | 'id' | 'atMs'> & { readonly out: string };

/** One drill with its journal. Undefined: it was interrupted. */
export async function drill(
  { emit, signal }: Context,
  { out, scenario, summary, mode, seed, objectiveMs, rpoMs }: DrillHead,
  play: (start: DrillStart, emit: Emit) => Promise<DrillEnd>,
): Promise<DrillEnd | undefined> {
  const atMs = Date.now();
  const start: DrillStart = {
    type: 'drill',
    id: newRunId(atMs),
    scenario,
    summary,
    mode,
    seed,
    atMs,
    objectiveMs,
    rpoMs,
  };
  const journal = await openJournal(out, start.id);
  const close = async (): Promise<void> => {
    try {
      await journal.close();
    } catch (error) {
      // What was measured is right all the same.
      emit(notWhole(journal.path, errorCode(error) ?? 'no code'));
    }
  };
  const both: Emit = (record) => {
    journal.add(record);
    emit(record);
  };
  try {
    both(start);
    const end = await play(start, both);
    journal.add({ type: 'result', exit: exitOf([end.verdict]), summary: `${scenario}: ${end.verdict}.` });
    return end;
  } catch (error) {
    const [exit, why] = signal.aborted
      ? ([EXIT.interrupted, 'interrupted'] as const)
      : ([EXIT.unknown, 'not finished'] as const);
    journal.add({ type: 'result', exit, summary: `${scenario}: ${why}.` });
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    await close();
  }
}

const notWhole = (path: string, code: string): Finding => ({
  type: 'finding',
  id: 'journal-not-whole',
  level: 'warning',
  where: 'fleet',
  evidence: `The journal ${path} is not whole (${code}): report and trend do not know how this drill ended.`,
  fix: 'Make room on its disk, delete this journal, and run the drill again.',
});

/** `2 of 3 drills passed. Missed: freeze.` */
export function said(ends: readonly DrillEnd[]): string {
  const of = (verdict: DrillEnd['verdict']): readonly string[] =>
    ends.filter((end) => end.verdict === verdict).map(({ scenario }) => scenario);
  const rest = (['failed', 'unknown', 'missed'] as const).flatMap((verdict) =>
    of(verdict).length === 0 ? [] : [`${WORDS[verdict]}: ${of(verdict).join(', ')}.`],
  );
  return [`${of('passed').length} of ${ends.length} drills passed.`, ...rest].join(' ');
}

const WORDS = { failed: 'Failed', unknown: 'Not known', missed: 'Objective missed' } as const;

export const busy = (by: number): Outcome => ({
  exit: EXIT.refused,
  summary: `Process ${by} works with the journals of this directory already (--out). Nothing was done.`,
});
