import type { Command, Context, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { isDecidedLater, PLAN_OPTIONS } from './plan-options.ts';
import { abort } from './verbs/abort.ts';
import { confirm } from './verbs/confirm.ts';
import { plan } from './verbs/plan.ts';
import { resume } from './verbs/resume.ts';
import { run } from './verbs/run.ts';

const VERBS: Readonly<Record<string, (context: Context) => Promise<Outcome>>> = { plan, confirm, run, resume, abort };

/** An option that would do nothing: a person believes that it has done something. @throws {OpsError} */
function mustHaveEffect(verb: string, values: Context['values']): void {
  if (values['execute'] === true && (verb === 'plan' || verb === 'confirm')) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `failover ${verb} only measures: leave --execute out, or use failover run --execute`,
    );
  }
  if (values['run'] !== undefined && verb === 'plan') {
    throw new OpsError(
      'ERR_OPS_USAGE',
      'failover plan makes a new plan: leave --run out, or use failover resume --run',
    );
  }
}

export const failover: Command = {
  name: 'failover',
  summary: 'Makes another region the primary, one proved step after the other.',
  usage: 'plan|confirm|run|resume|abort [options]',
  options: {
    ...PLAN_OPTIONS,
    run: { type: 'string', value: 'ID', help: 'the run to go on with; default: the last' },
    runs: { type: 'string', value: 'DIR', help: 'the directory of the run files; default: runs' },
    execute: { type: 'boolean', help: 'do it; without it nothing is changed' },
  },
  examples: [
    'regionkit failover plan --from us-east-1 --accept-loss 30s',
    'regionkit failover run --from us-east-1 --accept-loss 30s --execute',
    'regionkit failover resume --execute',
  ],
  run: (context) => {
    const { positionals, values } = context;
    const [verb] = positionals;
    const work = verb === undefined || positionals.length > 1 || !Object.hasOwn(VERBS, verb) ? undefined : VERBS[verb];
    if (work === undefined)
      throw new OpsError('ERR_OPS_USAGE', `write one of ${Object.keys(VERBS).join(', ')} after failover`);
    mustHaveEffect(verb as string, values);
    const hasPlan = verb === 'resume' || verb === 'abort' || values['run'] !== undefined;
    const given = Object.keys(PLAN_OPTIONS).find((name) => values[name] !== undefined && !isDecidedLater(verb, name));
    if (hasPlan && given !== undefined) {
      throw new OpsError(
        'ERR_OPS_USAGE',
        `--${given} belongs to the plan, which the run has already, so nothing was done: leave it out, or begin a new run (failover confirm or run, without --run)`,
      );
    }
    return work(context);
  },
};
