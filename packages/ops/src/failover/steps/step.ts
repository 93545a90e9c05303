import type { Plan } from '../plan.ts';
import type { RunContext } from '../run-context.ts';
import type { Evidence, RunLine } from '../run-file/line.ts';
import type { Vetoed } from '../vetoes.ts';

/** What was measured of a step. `not-yet`: it may become so. `unknown`: it cannot be measured; the run goes on. */
export interface Proof {
  readonly state: 'done' | 'not-yet' | 'failed' | 'unknown' | 'refused';
  readonly evidence: Evidence;
  readonly vetoes?: readonly Vetoed[];
}

/** One step of a failover. Whether it is done is measured, also when the run file says that it was. */
export interface FailoverStep {
  readonly name: string;
  /** Whether `act` changes anything outside the run file. */
  readonly changes: boolean;
  /** Once that step has begun, this one stands as it is recorded: what it measured is not there any more. */
  readonly settledBy?: string;
  /** So long it is waited for, in milliseconds. */
  readonly withinMs: number | ((context: RunContext) => number);
  /** Whether it belongs to this plan. */
  isPlanned?(plan: Plan): boolean;
  /** What it will do, in one sentence. */
  says(plan: Plan): string;
  /** Measures, and changes nothing. `acted` is what `act` has returned, in this process. */
  prove(context: RunContext, acted: Evidence | undefined): Promise<Proof>;
  /** What must be known of it even if the process is killed in `act`. Written with `started`. */
  intent?(context: RunContext): Promise<Readonly<Record<string, unknown>>>;
  /** Whether a new measurement of what was done says something else than the recorded one. It is recorded then. */
  differs?(recorded: Evidence, now: Evidence): boolean;
  /** Does it. Called again after a kill: a second time it must do no harm. @throws {StepFailure} */
  act?(context: RunContext): Promise<Evidence>;
}

/** A step could not be done. The message is our own words. */
export class StepFailure extends Error {
  readonly vetoes: readonly Vetoed[] | undefined;
  constructor(message: string, vetoes?: readonly Vetoed[]) {
    super(message);
    this.vetoes = vetoes;
  }
}

export const done = (says: string, facts: Readonly<Record<string, unknown>> = {}): Proof => ({
  state: 'done',
  evidence: { says, ...facts },
});

export const notYet = (says: string): Proof => ({ state: 'not-yet', evidence: { says } });

/** Whether the run file says that a step was done. For what cannot be measured. */
export const isRecorded = (lines: readonly RunLine[], step: string): boolean =>
  lines.some((line) => line.step === step && line.state === 'done');
