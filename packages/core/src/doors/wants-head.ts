import type { AnswerHooks } from '../http/decision.ts';
import { reportFailure } from './failure.ts';

/** Whether `onHead` of a decision must be called now. A failure counts as yes: no cookie or token may be lost by it. */
export function wantsHead(decision: AnswerHooks): boolean {
  if (decision.onHead === undefined) return false;
  if (decision.wantsHead === undefined) return true;
  try {
    return decision.wantsHead() !== false;
  } catch (error) {
    reportFailure('onHead', error);
    return true;
  }
}
