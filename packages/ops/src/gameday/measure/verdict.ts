import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { seconds } from '../../options/text.ts';
import type { Measures } from './measures.ts';

/** `missed`: everything was right, but not in time, or more was lost than the objective allows. */
export type Verdict = 'passed' | 'missed' | 'failed' | 'unknown';

export interface Judged {
  readonly verdict: Verdict;
  /** Why it did not pass, one sentence each. */
  readonly why: readonly string[];
}

export interface Objective {
  /** From the fault until everything is good again. */
  readonly objectiveMs: number;
  /** How much time lost writes may cover. */
  readonly rpoMs: number;
}

export interface Judgeable extends Objective {
  readonly measures: Measures;
  readonly isFaultSeen: boolean;
  readonly isStable: boolean;
  /** Whether the rows of the primary could be read at the end. */
  readonly isLedgerKnown: boolean;
  /** Whether the fault of this scenario can lose acknowledged writes. */
  readonly mayLose: boolean;
  /** What else went wrong: a step that failed, or a rule of the scenario that did not hold. */
  readonly faults: readonly string[];
}

/** What a drill has shown. Pure. A drill that has measured nothing has failed, whatever it has not found. */
export function judgeDrill(given: Judgeable): Judged {
  const { measures, isFaultSeen, isStable, isLedgerKnown, mayLose, faults } = given;
  const { missingBefore, missingAfter, wrongReads, duplicated, againstWord, lostWrites } = measures;
  const failed = [
    ...faults,
    ...(missingBefore.length > 0 ? [`Too few samples before the fault: ${missingBefore.join(', ')}.`] : []),
    ...(isFaultSeen ? [] : ['The fault was not noticed, so nothing was measured.']),
    ...(isFaultSeen && !isStable ? ['It was not stable afterwards.'] : []),
    ...(missingAfter.length > 0 ? [`Too few samples after the fault: ${missingAfter.join(', ')}.`] : []),
    ...counted(wrongReads, 'a read', 'reads', 'missed a write of its own client'),
    ...counted(duplicated, 'a write', 'writes', 'happened more than once'),
    ...counted(againstWord, 'a write', 'writes', 'happened although the answer had said that it did not'),
    ...(mayLose ? [] : counted(lostWrites, 'an acknowledged write', 'acknowledged writes', 'got lost')),
  ];
  if (failed.length > 0) return { verdict: 'failed', why: failed };
  if (!isLedgerKnown)
    return { verdict: 'unknown', why: ['The rows could not be read at the end: lost writes are not known.'] };
  const missed = missedObjectives(given);
  return missed.length > 0 ? { verdict: 'missed', why: missed } : { verdict: 'passed', why: [] };
}

function missedObjectives({
  measures: { goodMs, lossMs, lostWrites },
  objectiveMs,
  rpoMs,
}: Judgeable): readonly string[] {
  return [
    ...(goodMs !== undefined && goodMs > objectiveMs
      ? [`Everything was good again after ${seconds(goodMs)}; the objective is ${seconds(objectiveMs)}.`]
      : []),
    ...(lossMs > rpoMs
      ? [`${lostWrites} acknowledged writes of ${seconds(lossMs)} are lost; the objective is ${seconds(rpoMs)}.`]
      : []),
  ];
}

const counted = (count: number, one: string, several: string, what: string): readonly string[] =>
  count === 0 ? [] : [`${count === 1 ? `${one[0]?.toUpperCase()}${one.slice(1)}` : `${count} ${several}`} ${what}.`];

const EXITS: Readonly<Record<Verdict, ExitCode>> = {
  passed: EXIT.ok,
  missed: EXIT.objective,
  failed: EXIT.fault,
  unknown: EXIT.unknown,
};

/** The exit code of several drills: a failure counts more than what is not known, and that more than an objective. */
export function exitOf(verdicts: readonly Verdict[]): ExitCode {
  const worst = (['failed', 'unknown', 'missed'] as const).find((verdict) => verdicts.includes(verdict));
  return worst === undefined ? EXIT.ok : EXITS[worst];
}
