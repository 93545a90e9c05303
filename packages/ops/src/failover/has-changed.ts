import type { RunLine } from './run-file/line.ts';
import { doneEvidence, mayHaveActed } from './run-file/recorded.ts';
import type { FailoverStep } from './steps/step.ts';

/** Whether a run has begun what changes something outside its run file. */
export const hasChanged = (steps: readonly FailoverStep[], lines: readonly RunLine[]): boolean =>
  steps.some(
    (step) => step.changes && mayHaveActed(lines, step.name) && doneEvidence(lines, step.name)?.['changed'] !== false,
  );
