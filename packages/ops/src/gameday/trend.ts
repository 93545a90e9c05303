import type { Context, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { DrillTrend } from '../records/record.ts';
import { journalsIn, readJournal } from './journal/journals.ts';
import type { ParsedJournal } from './journal/parse-journal.ts';
import { outOption } from './options.ts';

/** Shows how the drills of a directory went, scenario by scenario. */
export async function trend({ values, directory, emit }: Context): Promise<Outcome> {
  const journals: ParsedJournal[] = [];
  let unreadable = 0;
  for (const path of await journalsIn(outOption(values['out'], directory))) {
    try {
      journals.push(await readJournal(path));
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      unreadable += 1;
    }
  }
  const trends = trendsOf(journals);
  for (const record of trends) emit(record);
  const drills = trends.reduce((sum, one) => sum + one.drills.length, 0);
  const summary = `${counted(drills, 'drill')} of ${counted(trends.length, 'scenario')}.`;
  const skipped = unreadable + journals.length - drills;
  return skipped === 0
    ? { exit: EXIT.ok, summary }
    : {
        exit: EXIT.unknown,
        summary: `${summary} Not used, because damaged or without an end: ${counted(skipped, 'journal')}.`,
      };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** One record for each scenario, its drills in the order of time. Those without an end are left out. Pure. */
export function trendsOf(journals: readonly ParsedJournal[]): readonly DrillTrend[] {
  const byScenario = new Map<string, DrillTrend['drills'][number][]>();
  const inOrder = [...journals].sort((a, b) => a.start.atMs - b.start.atMs);
  for (const { start, end } of inOrder) {
    if (end === undefined) continue;
    const { writeMs, goodMs, lossMs } = end;
    const drills = byScenario.get(start.scenario) ?? [];
    byScenario.set(start.scenario, drills);
    drills.push({
      drill: start.id,
      atMs: start.atMs,
      mode: start.mode,
      verdict: end.verdict,
      objectiveMs: start.objectiveMs,
      ...(writeMs !== undefined && { writeMs }),
      ...(goodMs !== undefined && { goodMs }),
      ...(lossMs !== undefined && { lossMs }),
    });
  }
  return [...byScenario].map(([scenario, drills]) => ({ type: 'trend', scenario, drills }));
}
