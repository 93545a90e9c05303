import { openDoors } from '../../operator/ask-doors.ts';
import { pauseByDoors, type Resumed, resumeByDoors } from '../../operator/pause-by-doors.ts';
import type { Plan } from '../plan.ts';
import type { RunContext } from '../run-context.ts';
import type { Evidence } from '../run-file/line.ts';
import { begun, doneAtMs } from '../run-file/recorded.ts';
import { runStepHooks } from './run-step-hooks.ts';
import { done, type FailoverStep, isRecorded, notYet } from './step.ts';

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
    const { config } = context;
    if (config.failover.hooks.pause.length === 0 && !pausesByDoors(context)) {
      const says =
        'no operatorToken and no hook are configured (failover.hooks.pause): writes that meet the fence fail';
      return done(says, { changed: false });
    }
    if (acted !== undefined) return { state: 'done', evidence: acted };
    return isPausedStill(context) ? done('it was done before') : notYet('the apps take writes');
  },
  act: async (context) => {
    const { config, plan, file, signal } = context;
    const hooks = await runStepHooks(context, 'pause');
    const doors = pausesByDoors(context) ? await openDoors(config, signal) : undefined;
    let paused: string | undefined;
    if (doors !== undefined) {
      const starts = file.lines.filter(({ step, state }) => step === 'pause' && state === 'started');
      paused = await pauseByDoors(doors, {
        region: plan.from,
        timeoutMs: config.failover.pauseSeconds * 1_000,
        reason: `failover run ${file.id}`,
        isAgain: starts.length > 1,
        isFencing: begun(file.lines, 'fence'),
      });
    }
    return { says: joined(hooks, paused) };
  },
};

/**
 * Whether a pause that is recorded counts. A pause of the doors ends by itself; after the fence there is no write to hold.
 * The hooks know no end. Counted from the order, not from its answer: the pause ends no later than this says.
 */
function isPausedStill(context: RunContext): boolean {
  const { config, file } = context;
  const { lines } = file;
  if (doneAtMs(lines, 'pause') === undefined) return false;
  if (!pausesByDoors(context) || isRecorded(lines, 'fence')) return true;
  const startedAtMs = lines.findLast(({ step, state }) => step === 'pause' && state === 'started')?.atMs;
  const ageMs = Date.now() - (startedAtMs ?? Number.NEGATIVE_INFINITY);
  return ageMs >= 0 && ageMs < config.failover.pauseSeconds * 1_000;
}

/** Lets the apps write again. A new primary has ended the pause already; the hooks know no such end. */
export async function endPause(context: RunContext): Promise<Resumed> {
  const { config, plan, file, signal } = context;
  const hooks = await runStepHooks(context, 'resume');
  const doors = pausesByDoors(context) ? await openDoors(config, signal) : undefined;
  const resumed = doors && (await resumeByDoors(doors, plan.from, `failover run ${file.id}`));
  return { says: joined(hooks, resumed?.says), isKnown: resumed?.isKnown !== false };
}

const joined = (...says: readonly (string | undefined)[]): string => says.filter((one) => one !== undefined).join('; ');

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
    if (acted !== undefined) return { state: acted['isKnown'] === false ? 'unknown' : 'done', evidence: acted };
    return isRecorded(file.lines, 'resume-writes') ? done('it was done before') : notYet('the apps hold their writes');
  },
  act: async (context): Promise<Evidence> => ({ ...(await endPause(context)) }),
};
