import { runHooksInOrder } from '../../hooks/run-hooks.ts';
import { openDoors } from '../../operator/ask-doors.ts';
import { pauseByDoors, resumeByDoors } from '../../operator/pause-by-doors.ts';
import type { Plan } from '../plan.ts';
import type { RunContext } from '../run-context.ts';
import { messageOf } from './message.ts';
import { done, type FailoverStep, isRecorded, notYet, StepFailure } from './step.ts';

const isPlanned = ({ mode }: Plan): boolean => mode === 'switchover';

/** Whether the operator doors of the app pause its writes. */
export const pausesByDoors = ({ config: { operatorToken, failover } }: Pick<RunContext, 'config'>): boolean =>
  operatorToken !== undefined && failover.pauseSeconds > 0;

/** The apps hold their writes, so that none meets the fence: by their operator doors, and by hooks. */
export const pause: FailoverStep = {
  name: 'pause',
  changes: true,
  settledBy: 'promote',
  withinMs: 0,
  isPlanned,
  says: () => 'let the apps hold their writes (operatorToken, failover.hooks.pause)',
  prove: async (context, acted) => {
    const { config, file } = context;
    if (config.failover.hooks.pause.length === 0 && !pausesByDoors(context)) {
      const says =
        'no operatorToken and no hook are configured (failover.hooks.pause): writes that meet the fence fail';
      return done(says, { changed: false });
    }
    if (acted !== undefined) return { state: 'done', evidence: acted };
    return isRecorded(file.lines, 'pause') ? done('it was done before') : notYet('the apps take writes');
  },
  act: async (context) => {
    const { config, plan, file, signal } = context;
    const says: string[] = [];
    const { pause: hooks } = config.failover.hooks;
    if (hooks.length > 0) {
      const result = await runHooksInOrder(hooks, messageOf(context, 'pause'), signal);
      if (!result.ok) throw new StepFailure(result.says);
      says.push(result.says);
    }
    const doors = pausesByDoors(context) ? await openDoors(config, signal) : undefined;
    if (doors !== undefined) {
      const starts = file.lines.filter(({ step, state }) => step === 'pause' && state === 'started');
      const paused = await pauseByDoors(doors, {
        region: plan.from,
        timeoutMs: config.failover.pauseSeconds * 1_000,
        reason: `failover run ${file.id}`,
        isAgain: starts.length > 1,
      });
      says.push(paused);
    }
    return { says: says.join('; ') };
  },
};

/** Lets the apps write again. A new primary has ended the pause already; the hooks know no such end. */
export async function endPause(context: RunContext): Promise<string> {
  const { config, plan, file, signal } = context;
  const says: string[] = [];
  const { resume: hooks } = config.failover.hooks;
  if (hooks.length > 0) {
    const result = await runHooksInOrder(hooks, messageOf(context, 'resume'), signal);
    if (!result.ok) throw new StepFailure(result.says);
    says.push(result.says);
  }
  const doors = pausesByDoors(context) ? await openDoors(config, signal) : undefined;
  if (doors !== undefined) says.push(await resumeByDoors(doors, plan.from, `failover run ${file.id}`));
  return says.join('; ');
}

export const resumeWrites: FailoverStep = {
  name: 'resume-writes',
  changes: true,
  withinMs: 0,
  isPlanned,
  says: () => 'let the apps go on writing (operatorToken, failover.hooks.resume)',
  prove: async (context, acted) => {
    const { config, file } = context;
    if (config.failover.hooks.resume.length === 0 && !pausesByDoors(context)) {
      return done('no operatorToken and no hook are configured (failover.hooks.resume)', { changed: false });
    }
    if (acted !== undefined) return { state: 'done', evidence: acted };
    return isRecorded(file.lines, 'resume-writes') ? done('it was done before') : notYet('the apps hold their writes');
  },
  act: async (context) => ({ says: await endPause(context) }),
};
