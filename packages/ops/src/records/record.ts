import type { ExitCode } from '../exit-codes.ts';

/** How bad a finding is. `unknown`: it could not be examined. */
export type Level = 'fault' | 'warning' | 'unknown';

/** What the doctor found. */
export interface Finding {
  readonly type: 'finding';
  /** Constant, such as `replay-paused`. `doctor --explain ID` tells more. */
  readonly id: string;
  readonly level: Level;
  /** What it is about: `eu-west-1/0`, `eu-west-1` or `fleet`. */
  readonly where: string;
  /** What was measured, in one sentence. */
  readonly evidence: string;
  /** What to do, in one sentence. */
  readonly fix: string;
}

/** One step of a command that does several. */
export interface Step {
  readonly type: 'step';
  readonly name: string;
  readonly where: string;
  readonly state: 'planned' | 'started' | 'done' | 'failed' | 'refused' | 'unknown';
  readonly evidence: string;
  readonly tookMs?: number;
}

/** Progress, for a person who waits. It says nothing that another record does not say. */
export interface Progress {
  readonly type: 'progress';
  readonly text: string;
}

/** The last record of every run. */
export interface Result {
  readonly type: 'result';
  readonly exit: ExitCode;
  /** One sentence. */
  readonly summary: string;
}

/** A run of any command is a list of these. One renderer prints them: for a terminal, as JSON lines or as JUnit. */
export type OpsRecord = Finding | Step | Progress | Result;

export type Emit = (record: OpsRecord) => void;
