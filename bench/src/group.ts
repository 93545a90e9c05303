import type { GrowthResult } from './growth.ts';
import type { TrialResult } from './trial.ts';

/** One table, and its part of the plot. */
export type Result = TrialResult | GrowthResult;

/** A set of figures that belong together: one page of results. */
export interface Group {
  readonly name: string;
  /** Sets up what it compares, runs its trials, and leaves nothing behind. */
  run(tell: (line: string) => void): Promise<readonly Result[]>;
}
