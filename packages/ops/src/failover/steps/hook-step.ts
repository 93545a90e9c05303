import type { HookName } from '../../config/check-failover.ts';
import { runHooksInOrder } from '../../hooks/run-hooks.ts';
import type { Plan } from '../plan.ts';
import { messageOf } from './message.ts';
import { done, type FailoverStep, isRecorded, notYet, StepFailure } from './step.ts';

interface HookStepOptions {
  readonly name: string;
  readonly hook: Extract<HookName, 'pause' | 'resume' | 'rebuild'>;
  readonly settledBy?: string;
  readonly isPlanned: (plan: Plan) => boolean;
  readonly says: string;
  /** What it means that no hook is configured. */
  readonly without: string;
}

/** A step that hooks do. Its result is what they ended with: there is nothing else to measure. */
export function hookStep({ name, hook, settledBy, isPlanned, says, without }: HookStepOptions): FailoverStep {
  return {
    name,
    changes: true,
    ...(settledBy !== undefined && { settledBy }),
    withinMs: 0,
    isPlanned,
    says: () => says,
    prove: async ({ config, file }, acted) => {
      if (config.failover.hooks[hook].length === 0) return done(without, { changed: false });
      if (acted !== undefined) return { state: 'done', evidence: acted };
      return isRecorded(file.lines, name) ? done('the hooks have done it') : notYet('the hooks have not run');
    },
    act: async (context) => {
      const { ok, says: ended } = await runHooksInOrder(
        context.config.failover.hooks[hook],
        messageOf(context, hook),
        context.signal,
      );
      if (!ok) throw new StepFailure(ended);
      return { says: ended };
    },
  };
}
