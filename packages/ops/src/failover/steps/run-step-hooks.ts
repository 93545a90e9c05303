import { runHooksInOrder } from '../../hooks/run-hooks.ts';
import type { RunContext } from '../run-context.ts';
import { messageOf } from './message.ts';
import { StepFailure } from './step.ts';

/** Runs the hooks of a step, one after the other. Says how they ended; undefined: none is configured. @throws {StepFailure} */
export async function runStepHooks(
  context: RunContext,
  name: 'pause' | 'resume' | 'rebuild',
): Promise<string | undefined> {
  const hooks = context.config.failover.hooks[name];
  if (hooks.length === 0) return undefined;
  const { ok, says } = await runHooksInOrder(hooks, messageOf(context, name), context.signal);
  if (!ok) throw new StepFailure(says);
  return says;
}
