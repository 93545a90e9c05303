import type { AnswerHooks } from '../http/decision.ts';
import { reportFailure } from './failure.ts';

/** Tells a decision that the head of its answer was accepted. */
export function afterHead(decision: AnswerHooks): void {
  try {
    decision.afterHead?.();
  } catch (error) {
    reportFailure('onHead', error);
  }
}
