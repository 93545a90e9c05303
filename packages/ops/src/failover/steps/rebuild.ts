import { runHooksInOrder } from '../../hooks/run-hooks.ts';
import { messageOf } from './message.ts';
import { done, type FailoverStep, isRecorded, notYet, StepFailure } from './step.ts';

/** Hooks make a standby of the old primary. Their result is what they ended with: there is nothing else to measure. */
export const rebuild: FailoverStep = {
  name: 'rebuild',
  changes: true,
  withinMs: 0,
  isPlanned: (plan) => plan.rebuild,
  says: () => 'make a standby of the old primary (failover.hooks.rebuild)',
  prove: async ({ config, file }, acted) => {
    if (config.failover.hooks.rebuild.length === 0) {
      const says = 'no hook is configured (failover.hooks.rebuild): the old primary must be rebuilt by hand';
      return done(says, { changed: false });
    }
    if (acted !== undefined) return { state: 'done', evidence: acted };
    return isRecorded(file.lines, 'rebuild') ? done('the hooks have done it') : notYet('the hooks have not run');
  },
  act: async (context) => {
    const { config, signal } = context;
    const { ok, says } = await runHooksInOrder(config.failover.hooks.rebuild, messageOf(context, 'rebuild'), signal);
    if (!ok) throw new StepFailure(says);
    return { says };
  },
};
