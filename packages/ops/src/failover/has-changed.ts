import type { RunLine } from './run-file/line.ts';
import { begun, doneEvidence } from './run-file/recorded.ts';
import type { FailoverStep } from './steps/step.ts';

/** Whether a run has begun what changes something outside its run file. */
export const hasChanged = (steps: readonly FailoverStep[], lines: readonly RunLine[]): boolean =>
  steps.some(
    (step) => step.changes && begun(lines, step.name) && doneEvidence(lines, step.name)?.['changed'] !== false,
  );
