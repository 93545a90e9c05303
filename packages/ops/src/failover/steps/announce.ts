import { runHooks } from '../../hooks/run-hooks.ts';
import { messageOf } from './message.ts';
import { done, type FailoverStep, isRecorded, notYet } from './step.ts';

/** Tells that it begins. Nothing waits for it. */
export const announce: FailoverStep = {
  name: 'announce',
  changes: false,
  settledBy: 'promote',
  withinMs: 0,
  isPlanned: () => true,
  says: () => 'tell that it begins, without waiting',
  prove: async ({ file, config }, acted) => {
    const count = config.failover.hooks.told.length;
    if (count === 0) return done('no hook is configured (failover.hooks.told)');
    return acted !== undefined || isRecorded(file.lines, 'announce')
      ? done(`${count} hooks were started`)
      : notYet('not told');
  },
  act: async (context) => {
    const { config, signal, background } = context;
    background.push(runHooks(config.failover.hooks.told, messageOf(context, 'started'), signal));
    return { says: 'started' };
  },
};
