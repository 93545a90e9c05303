import type { Command, Context, Option, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { abort } from './verbs/abort.ts';
import { confirm } from './verbs/confirm.ts';
import { plan } from './verbs/plan.ts';
import { resume } from './verbs/resume.ts';
import { run } from './verbs/run.ts';

const VERBS: Readonly<Record<string, (context: Context) => Promise<Outcome>>> = { plan, confirm, run, resume, abort };

/** What makes a plan. A run that has one takes them from its file. */
const PLANNING: Readonly<Record<string, Option>> = {
  from: { type: 'string', value: 'R', help: 'the region that loses the primary' },
  to: { type: 'string', value: 'R', help: 'region or server to promote; default: the furthest' },
  mode: { type: 'string', value: 'MODE', help: 'failover (the primary is gone) or switchover (it is well)' },
  here: { type: 'string', value: 'R', help: 'the region in which this machine stands' },
  'accept-loss': { type: 'string', value: 'LOSS', help: 'what may be lost: 30s, 16MB or unknown' },
  stable: { type: 'string', value: 'TIME', help: 'how long to watch afterwards; default: 30s' },
  'apps-within': { type: 'string', value: 'TIME', help: 'how long the apps may take to follow; default: 60s' },
  'require-fence': { type: 'boolean', help: 'stop if the region cannot be fenced, even if it is dead' },
  rebuild: { type: 'boolean', help: 'run the hooks that rebuild the old primary' },
  'discard-tail': { type: 'boolean', help: 'give up the writes that only the old primary has' },
};

/** Whether the tail is given up may be decided when nothing else is left to do. */
const isDecidedLater = (verb: string | undefined, option: string): boolean =>
  verb === 'resume' && option === 'discard-tail';

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
    ...PLANNING,
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
    const given = Object.keys(PLANNING).find((name) => values[name] !== undefined && !isDecidedLater(verb, name));
    if (hasPlan && given !== undefined) {
      throw new OpsError(
        'ERR_OPS_USAGE',
        `--${given} belongs to the plan, which the run has already: leave it out, or begin a new run`,
      );
    }
    return work(context);
  },
};
