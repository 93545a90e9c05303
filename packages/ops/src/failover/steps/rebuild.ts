import { runStepHooks } from './run-step-hooks.ts';
import { done, type FailoverStep, isRecorded, notYet } from './step.ts';

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
  act: async (context) => ({ says: (await runStepHooks(context, 'rebuild')) ?? '' }),
};
