import type { Context, Outcome } from '../../command.ts';
import { EXIT } from '../../exit-codes.ts';
import { createRunContext } from '../run-context.ts';
import { confirm as step } from '../steps/confirm.ts';
import { beginRun } from './begin-run.ts';
import { openRun } from './open-run.ts';
import { emitPlan, isPlan, propose, refused } from './propose.ts';
import { withLock } from './with-lock.ts';

/** Measures, and writes the evidence into a run file, for `run` within five minutes. Changes nothing else. */
export const confirm = (context: Context): Promise<Outcome> =>
  withLock(context, async () => (context.values['run'] === undefined ? first(context) : again(context)));

async function first(context: Context): Promise<Outcome> {
  const proposed = await propose(context);
  emitPlan(context, proposed);
  const { proposal, vetoes, config, adapter } = proposed;
  if (vetoes.length > 0 || !isPlan(proposal)) return refused(vetoes);
  await using file = await beginRun(context, proposal, proposed.situation);
  const run = createRunContext({ config, adapter, plan: proposal, file, signal: context.signal, progress: () => {} });
  return await measure(context, run);
}

async function again(context: Context): Promise<Outcome> {
  await using run = await openRun(context);
  return await measure(context, run.context);
}

async function measure({ emit }: Context, run: ReturnType<typeof createRunContext>): Promise<Outcome> {
  const { file, plan } = run;
  // A new measurement: the age of the former one does not count.
  const fresh = { ...run, file: { ...file, lines: file.lines.filter((line) => line.step !== 'confirm') } };
  const { state, evidence, vetoes = [] } = await step.prove(fresh, undefined);
  run.signal.throwIfAborted();
  await file.append('confirm', state === 'not-yet' ? 'failed' : state, evidence);
  emit({
    type: 'step',
    name: 'confirm',
    where: plan.target,
    state: state === 'done' ? 'done' : 'refused',
    evidence: evidence.says,
  });
  if (state !== 'done') {
    for (const veto of vetoes) emit({ type: 'finding', level: 'fault', ...veto });
    return refused(vetoes);
  }
  return {
    exit: EXIT.ok,
    summary: `Confirmed. Within five minutes: regionkit failover run --run ${file.id} --execute`,
  };
}
