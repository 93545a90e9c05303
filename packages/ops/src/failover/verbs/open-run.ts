import type { Context } from '../../command.ts';
import { OpsError } from '../../errors.ts';
import { makeAdapter } from '../adapters/make-adapter.ts';
import { createRunContext, type RunContext } from '../run-context.ts';
import { readPlanLine } from '../run-file/plan-line.ts';
import { endedBy } from '../run-file/recorded.ts';
import { openRunFile } from '../run-file/run-file.ts';
import { mustBeOfCluster } from './must-be-of-cluster.ts';
import { runsOf } from './with-lock.ts';

export interface OpenRun extends AsyncDisposable {
  readonly context: RunContext;
}

/** Opens the run that `--run` names, or the last one. @throws {OpsError} it is over, or is not of this configuration */
export async function openRun(context: Context): Promise<OpenRun> {
  const { values, emit, signal } = context;
  const config = await context.config();
  const file = await openRunFile(runsOf(context), values['run'] as string | undefined);
  try {
    if (file.cut) {
      emit({
        type: 'finding',
        id: 'run-file-cut',
        level: 'warning',
        where: file.id,
        evidence: 'The last line of the run file was cut in the middle of a write, and is left out.',
        fix: 'Do nothing: what it would have said is measured again.',
      });
    }
    const { plan, system } = readPlanLine(file.lines) ?? {};
    if (plan === undefined)
      throw new OpsError(
        'ERR_OPS_USAGE',
        `the run ${file.id} has no plan. Nothing was done now: begin a new one (failover confirm), or name another run (--run)`,
      );
    const ended = endedBy(file.lines);
    if (ended !== undefined) {
      throw new OpsError(
        'ERR_OPS_USAGE',
        `the run ${file.id} is over: it ${ended === 'end' ? 'was done' : 'was given up'}. Nothing was done now: begin a new one (failover confirm), or name another run (--run)`,
      );
    }
    const isKnown =
      config.nodes.some(({ id }) => id === plan.target) && config.regions.some(({ name }) => name === plan.from);
    if (!isKnown || plan.adapter !== config.failover.adapter) {
      throw new OpsError(
        'ERR_OPS_USAGE',
        `the run ${file.id} is of another configuration, which has its region, its server and its adapter, so nothing was done: name that one (--config), or another run (--run)`,
      );
    }
    await mustBeOfCluster(config, { id: file.id, target: plan.target, system }, signal);
    const progress = (text: string): void => emit({ type: 'progress', text });
    return {
      context: createRunContext({ config, adapter: makeAdapter(config), plan, file, signal, progress }),
      [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
    };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}
