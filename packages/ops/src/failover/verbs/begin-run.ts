import type { Context } from '../../command.ts';
import type { Plan } from '../plan.ts';
import { createRunFile, newRunId, type RunFile } from '../run-file/run-file.ts';
import { unusableDirectory } from '../run-file/unusable-directory.ts';
import { UnwrittenLine } from '../run-file/unwritten-line.ts';
import { answering, type Situation } from '../survey/situation.ts';
import { runsOf } from './with-lock.ts';

/** Makes the run file, with the plan and the cluster that it is for. */
export async function beginRun(context: Context, plan: Plan, situation: Situation): Promise<RunFile> {
  const file = await createRunFile(runsOf(context), newRunId(Date.now()));
  const system = answering(situation).find(({ id }) => id === plan.target)?.state.system;
  try {
    await file.append('plan', 'done', { says: `promote ${plan.target}`, plan, system });
  } catch (error) {
    await file[Symbol.asyncDispose]();
    // Without a plan it is no run, and would be the last one.
    await file.discard();
    throw error instanceof UnwrittenLine ? unusableDirectory(error.cause, runsOf(context), '--runs') : error;
  }
  return file;
}
