import type { Context, Outcome } from '../../command.ts';
import { EXIT } from '../../exit-codes.ts';
import { runHooks } from '../../hooks/run-hooks.ts';
import { execute } from '../execute.ts';
import type { RunContext } from '../run-context.ts';
import { doneAtMs, doneEvidence } from '../run-file/recorded.ts';
import { sayOnce } from '../say-once.ts';
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
    for (const warning of scaleWarnings(targetsOf(run))) await sayOnce(run, warning, emit);
  const fence = doneEvidence(file.lines, 'fence');
  if (fence?.['reached'] === false) {
    const { from } = run.plan;
    const warning = {
      type: 'finding',
      id: 'fence-not-proved',
      level: 'warning',
      where: from,
      evidence: `${fence.says}.`,
      fix: `If it comes back it takes writes: regionkit fence --region ${from} --execute, then save its writes and rebuild it.`,
    } as const;
    // A new line of the step stands for a new fact.
    await sayOnce(run, warning, emit, String(doneAtMs(file.lines, 'fence')));
  }
  return outcome;
}
