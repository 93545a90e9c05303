import type { Plan } from '../plan.ts';
import type { RunLine } from './line.ts';
import { doneEvidence } from './recorded.ts';

/** The first line of a run. */
export interface PlanLine {
  readonly plan: Plan;
  /** The identifier of the database cluster. Undefined: it was not recorded. */
  readonly system: string | undefined;
}

/** Undefined: the lines have no plan, or something else in its place: a hand may have edited the file. Pure. */
export function readPlanLine(lines: readonly RunLine[]): PlanLine | undefined {
  const evidence = doneEvidence(lines, 'plan');
  const [plan, system] = [evidence?.['plan'], evidence?.['system']];
  if (!isPlan(plan)) return undefined;
  return { plan, system: typeof system === 'string' ? system : undefined };
}

function isPlan(given: unknown): given is Plan {
  const plan = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<keyof Plan, unknown>>;
  return (
    ['failover', 'switchover'].includes(plan.mode as string) &&
    ['postgres', 'patroni', 'rds'].includes(plan.adapter as string) &&
    [plan.from, plan.target].every((name) => typeof name === 'string') &&
    (plan.here === undefined || typeof plan.here === 'string') &&
    [plan.stableMs, plan.appsWithinMs].every(isAmount) &&
    [plan.rebuild, plan.requireFence, plan.discardTail].every((one) => typeof one === 'boolean') &&
    isAcceptLoss(plan.acceptLoss)
  );
}

const isAmount = (given: unknown): boolean => typeof given === 'number' && given >= 0;

function isAcceptLoss(given: unknown): boolean {
  const { kind, ms, bytes } = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (kind === 'duration') return isAmount(ms);
  return kind === 'bytes' ? isAmount(bytes) : kind === 'none' || kind === 'unknown';
}
