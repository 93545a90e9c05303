import { errorCode } from '@regionkit/core/kit';
import type { RunLine, StepState } from './line.ts';

/** The run file as it was before a line could not be written. */
export interface WrittenPart {
  readonly id: string;
  readonly directory: string;
  readonly lines: readonly RunLine[];
}

/** A line of a run file is not certain to be on the disk, most often because the disk is full. What it announces is not begun. */
export class UnwrittenLine extends Error {
  readonly step: string;
  readonly state: StepState;
  readonly file: WrittenPart;
  /** Such as `ENOSPC`. */
  readonly code: string;
  constructor(step: string, state: StepState, file: WrittenPart, cause: unknown) {
    super('a line of the run file could not be written', { cause });
    this.step = step;
    this.state = state;
    this.file = file;
    this.code = errorCode(cause) ?? 'no code';
  }
}
