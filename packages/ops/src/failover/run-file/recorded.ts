import type { Evidence, RunLine } from './line.ts';

/** What a run file says of a step. Pure. */
export const begun = (lines: readonly RunLine[], step: string): boolean => lines.some((line) => line.step === step);

/** The evidence with which it was done last. */
export const doneEvidence = (lines: readonly RunLine[], step: string): Evidence | undefined =>
  lines.findLast((line) => line.step === step && line.state === 'done')?.evidence;

/** The evidence of its last line, if that says that it is done: a later line in another state takes it back. */
export const lastIfDone = (lines: readonly RunLine[], step: string): Evidence | undefined => {
  const last = lines.findLast((line) => line.step === step);
  return last?.state === 'done' ? last.evidence : undefined;
};

/** When it was done last, by the clock of this machine. */
export const doneAtMs = (lines: readonly RunLine[], step: string): number | undefined =>
  lines.findLast((line) => line.step === step && line.state === 'done')?.atMs;

/**
 * Whether a step has acted, or may have. A veto refuses it before it does: then the line after its start says so. A command
 * that was killed after the start has no such line.
 */
export const mayHaveActed = (lines: readonly RunLine[], step: string): boolean => {
  const count = (state: RunLine['state']): number =>
    lines.filter((line) => line.step === step && line.state === state).length;
  return begun(lines, step) && count('started') !== count('refused');
};

/** Every evidence of a step, in any state. */
export const evidences = (lines: readonly RunLine[], step: string): readonly Evidence[] =>
  lines.flatMap((line) => (line.step === step ? [line.evidence] : []));

/** Whether the run is over: every step is done, or it was given up. */
export const endedBy = (lines: readonly RunLine[]): 'end' | 'abort' | undefined =>
  (['end', 'abort'] as const).find((step) => doneEvidence(lines, step) !== undefined);
