import type { TrialResult } from './trial.ts';

/** A set of figures that belong together: one page of results. */
export interface Group {
  readonly name: string;
  /** Sets up what it compares, runs its trials, and leaves nothing behind. */
  run(tell: (line: string) => void): Promise<readonly TrialResult[]>;
}
