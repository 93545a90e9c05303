import type { Context, Outcome } from '../../command.ts';
import { OpsError } from '../../errors.ts';
import { createRunContext } from '../run-context.ts';
import { doneEvidence } from '../run-file/recorded.ts';
import { beginRun } from './begin-run.ts';
import { carryOn } from './carry-on.ts';
import { openRun } from './open-run.ts';
import { plan as showPlan } from './plan.ts';
import { emitVetoes, isPlan, propose, refused } from './propose.ts';
import { showRun } from './show-run.ts';
import { withLock } from './with-lock.ts';

/** Does the whole of it, from the beginning or from what `confirm` has measured. Dry without `--execute`. */
export async function run(context: Context): Promise<Outcome> {
  if (context.values['execute'] !== true)
    return context.values['run'] === undefined ? showPlan(context) : showRun(context);
  return withLock(context, () => (context.values['run'] === undefined ? fromNothing(context) : fromConfirmed(context)));
}

async function fromNothing(context: Context): Promise<Outcome> {
  const { proposal, situation, vetoes, config, adapter } = await propose(context);
  if (vetoes.length > 0 || !isPlan(proposal)) {
    emitVetoes(context, vetoes);
    return refused(vetoes);
  }
  await using file = await beginRun(context, proposal, situation);
  const progress = (text: string): void => context.emit({ type: 'progress', text });
  return await carryOn(
    context,
    createRunContext({ config, adapter, plan: proposal, file, signal: context.signal, progress }),
  );
}

async function fromConfirmed(context: Context): Promise<Outcome> {
  await using opened = await openRun(context);
  const { file } = opened.context;
  if (doneEvidence(file.lines, 'confirm') === undefined) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `the run ${file.id} is not confirmed: regionkit failover confirm --run ${file.id}`,
    );
  }
  return await carryOn(context, opened.context);
}
