import type { Context } from '../../command.ts';
import type { Plan } from '../plan.ts';
import { createRunFile, newRunId, type RunFile } from '../run-file/run-file.ts';
import { answering, type Situation } from '../survey/situation.ts';
import { runsOf } from './with-lock.ts';

/** Makes the run file, with the plan and the cluster that it is for. */
export async function beginRun(context: Context, plan: Plan, situation: Situation): Promise<RunFile> {
  const file = await createRunFile(runsOf(context), newRunId(Date.now()));
  const system = answering(situation).find(({ id }) => id === plan.target)?.state.system;
  await file.append('plan', 'done', { says: `promote ${plan.target}`, plan, system });
  return file;
}
