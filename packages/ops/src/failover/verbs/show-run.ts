import type { Context, Outcome } from '../../command.ts';
import { EXIT } from '../../exit-codes.ts';
import { doneEvidence } from '../run-file/recorded.ts';
import { stepsOf } from '../steps.ts';
import { type OpenRun, openRun } from './open-run.ts';
import { withLock } from './with-lock.ts';

/** Prints what of a run is done, and what is left. Changes nothing. */
export function listSteps({ emit }: Context, { context: { file, plan } }: OpenRun): Outcome {
  for (const step of stepsOf(plan)) {
    const evidence = doneEvidence(file.lines, step.name);
    const state = evidence === undefined ? 'planned' : 'done';
    emit({ type: 'step', name: step.name, where: plan.target, state, evidence: evidence?.says ?? step.says(plan) });
  }
  return {
    exit: EXIT.ok,
    summary: `Nothing was changed. Go on with --execute: regionkit failover resume --run ${file.id} --execute`,
  };
}

export const showRun = (context: Context): Promise<Outcome> =>
  withLock(context, async () => {
    await using opened = await openRun(context);
    return listSteps(context, opened);
  });
