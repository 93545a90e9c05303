import { runHooks } from '../../hooks/run-hooks.ts';
import { messageOf } from './message.ts';
import { done, type FailoverStep, isRecorded, notYet } from './step.ts';

/** Tells that it is done. A hook that fails is named, and changes nothing. */
export const told: FailoverStep = {
  name: 'told',
  changes: false,
  withinMs: 0,
  says: () => 'tell that it is done (failover.hooks.told)',
  prove: async ({ config, file }, acted) => {
    if (config.failover.hooks.told.length === 0) return done('no hook is configured (failover.hooks.told)');
    if (acted !== undefined) return { state: 'done', evidence: acted };
    return isRecorded(file.lines, 'told') ? done('the hooks were run') : notYet('not told');
  },
  act: async (context) => {
    const { config, signal } = context;
    const { ok, says } = await runHooks(config.failover.hooks.told, messageOf(context, 'done'), signal);
    return { says, ok };
  },
};
