import type { BegunRun } from '../in-a-run.ts';
import type { Loss } from '../loss.ts';
import type { Proposal } from '../plan.ts';
import type { KnownNode, Situation } from '../survey/situation.ts';

/** What a veto judges. */
export interface Case {
  readonly plan: Proposal;
  readonly situation: Situation;
  /** The server to promote, if it answers as a standby of another region. */
  readonly target: KnownNode | undefined;
  /** Undefined without a target. */
  readonly loss: Loss | undefined;
  /** Whether the run has begun to fence the old primary: in a switchover that ends it, or its replication. */
  readonly isFencing: boolean;
  /** Whether a promotion was asked for before: the manager may be at work. */
  readonly isPromoting?: boolean;
  /** Undefined: the plan was only proposed. */
  readonly run?: BegunRun | undefined;
  /** When the evidence was measured with which the failover was confirmed, and what the time is. */
  readonly confirmedAtMs: number;
  readonly nowMs: number;
}

export interface Objection {
  readonly where: string;
  /** What was measured, in one sentence. */
  readonly evidence: string;
  /** What to do, in one sentence. */
  readonly fix: string;
}

/** A reason not to go on. Pure: it judges what was measured. */
export interface Veto {
  /** Constant, in kebab case. Documented, so that a script may rely on it. */
  readonly id: string;
  /** Returns what is against it, or undefined. */
  object(about: Case): Objection | undefined;
}
