import type { Context, Outcome } from '../../command.ts';
import { EXIT } from '../../exit-codes.ts';
import { runHooks } from '../../hooks/run-hooks.ts';
import { execute } from '../execute.ts';
import type { RunContext } from '../run-context.ts';
import { doneEvidence } from '../run-file/recorded.ts';
import { scaleWarnings } from '../scale.ts';
import { messageOf } from '../steps/message.ts';
import { targetsOf } from '../steps/scale.ts';
import { stepsOf } from '../steps.ts';

/** Does what is left of a run, tells the hooks if it stops, and waits for those that go on beside it. */
export async function carryOn({ emit, signal }: Context, run: RunContext): Promise<Outcome> {
  const { file, config, background } = run;
  emit({ type: 'progress', text: `run ${file.id}` });
  const outcome = await execute(run, stepsOf(run.plan), emit);
  const stopped = outcome.exit === EXIT.fault || outcome.exit === EXIT.partly;
  if (stopped) background.push(runHooks(config.failover.hooks.told, messageOf(run, 'failed'), signal));
  await Promise.all(background);
  if (doneEvidence(file.lines, 'scale') !== undefined)
    for (const warning of scaleWarnings(targetsOf(run))) emit(warning);
  const fence = doneEvidence(file.lines, 'fence');
  if (fence?.['reached'] === false) {
    emit({
      type: 'finding',
      id: 'fence-not-proved',
      level: 'warning',
      where: run.plan.from,
      evidence: `${fence.says}.`,
      fix: `If it comes back it takes writes: regionkit fence --region ${run.plan.from} --execute, then save its writes and rebuild it.`,
    });
  }
  return outcome;
}
