import type { Entry } from '../history/entries.ts';
import { checkAnnouncements } from './announcements.ts';
import { checkAnswers } from './answers.ts';
import { checkFencedReads } from './fenced-reads.ts';
import { checkForgotten } from './forgotten.ts';
import { type History, indexHistory } from './index-history.ts';
import { checkKeys } from './keys.ts';
import { checkLateFences } from './late-fences.ts';
import { checkLosses } from './losses.ts';
import { checkMonotonicReads } from './monotonic.ts';
import { checkNewcomers } from './newcomers.ts';
import { checkOwnWrites } from './own-writes.ts';
import { checkPauseEnds } from './pause-ends.ts';
import { checkPauses } from './pauses.ts';
import { checkShown } from './shown.ts';
import { checkStatements } from './statements.ts';
import { checkTokens } from './tokens.ts';
import type { Violation } from './violation.ts';

const RULES: readonly ((history: History) => readonly Violation[])[] = [
  checkOwnWrites,
  checkMonotonicReads,
  checkShown,
  checkStatements,
  checkKeys,
  checkTokens,
  checkFencedReads,
  checkLateFences,
  checkPauses,
  checkPauseEnds,
  checkNewcomers,
  checkForgotten,
  checkLosses,
  checkAnnouncements,
  checkAnswers,
];

/**
 * Proves or refutes. Pure: the same history gives the same verdict, and nothing but the history is asked.
 *
 * @throws {Error} the history was cut short.
 */
export function checkHistory(entries: readonly Entry[]): readonly Violation[] {
  const history = indexHistory(entries);
  return RULES.flatMap((rule) => rule(history));
}
