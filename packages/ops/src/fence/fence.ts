import type { Command, Context, Outcome } from '../command.ts';
import type { Operations } from '../config/check-config.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { makeAdapter } from '../failover/adapters/make-adapter.ts';
import { StepFailure } from '../failover/steps/step.ts';
import { appRolesOf } from '../failover/survey/app-roles.ts';
import { survey } from '../failover/survey/survey.ts';
import { withLock } from '../failover/verbs/with-lock.ts';
import { runHooksInOrder } from '../hooks/run-hooks.ts';
import { list } from '../options/text.ts';
import { fenceByRole } from './fence-by-role.ts';
import { hasSuccessor } from './has-successor.ts';
import { proveFence } from './prove-fence.ts';
import { unfence } from './unfence.ts';

type Method = 'role' | 'hook';

export const fence: Command = {
  name: 'fence',
  summary: 'Takes the database of a region away from its app, and proves it.',
  usage: '--region R [--method role,hook] [--undo] [--execute]',
  options: {
    region: { type: 'string', value: 'R', help: 'the region whose app must write no more' },
    method: {
      type: 'string',
      value: 'LIST',
      help: 'role (revoke logins), hook; default: what is configured',
    },
    undo: { type: 'boolean', help: 'give the logins back, unless another server takes writes' },
    runs: { type: 'string', value: 'DIR', help: 'the directory of the run files; default: runs' },
    execute: { type: 'boolean', help: 'do it; without it nothing is changed' },
  },
  examples: [
    'regionkit fence --region us-east-1',
    'regionkit fence --region us-east-1 --method role,hook --execute',
    'regionkit fence --region us-east-1 --undo --execute',
  ],
  run: async (context) => {
    const config = await context.config();
    const region = context.values['region'];
    if (typeof region !== 'string' || !config.regions.some(({ name }) => name === region)) {
      throw new OpsError('ERR_OPS_USAGE', `--region must be one of ${list(config.regions.map(({ name }) => name))}`);
    }
    const methods = readMethods(context.values['method'], config);
    if (context.values['execute'] !== true) return plan(context, region, methods);
    return withLock(context, () =>
      context.values['undo'] === true ? unfence(context, config, region) : shut(context, config, region, methods),
    );
  },
};

function readMethods(given: unknown, config: Operations): readonly Method[] {
  const available: Method[] = [];
  if (appRolesOf(config).length > 0) available.push('role');
  if (config.failover.hooks.fence.length > 0) available.push('hook');
  if (given === undefined && available.length > 0) return available;
  const asked = given === undefined ? [] : String(given).split(',');
  const missing = asked.find((method) => !available.includes(method as Method));
  if (missing === undefined && asked.length > 0) return asked as Method[];
  throw new OpsError(
    'ERR_OPS_USAGE',
    `--method must be a list of role and hook; role needs failover.appRoles or regions[…].app in the configuration, hook needs failover.hooks.fence`,
  );
}

function plan({ emit, values }: Context, where: string, methods: readonly Method[]): Outcome {
  const says = {
    role: 'revoke the logins of the app on the servers that take writes, and end its sessions',
    hook: 'run the hooks (failover.hooks.fence)',
  };
  if (values['undo'] === true) {
    emit({
      type: 'step',
      name: 'unfence',
      where,
      state: 'planned',
      evidence: 'give the app its logins on the servers that take writes',
    });
  } else {
    for (const method of methods) emit({ type: 'step', name: method, where, state: 'planned', evidence: says[method] });
  }
  return { exit: EXIT.ok, summary: 'Nothing was changed: add --execute.' };
}

async function shut(
  { emit, signal }: Context,
  config: Operations,
  region: string,
  methods: readonly Method[],
): Promise<Outcome> {
  const situation = await survey(config, makeAdapter(config), signal);
  signal.throwIfAborted();
  if (!hasSuccessor(situation, region)) {
    emit({
      type: 'finding',
      id: 'last-region',
      level: 'fault',
      where: region,
      evidence: `Outside ${region} no standby answers, and no newer primary: nothing could take its place.`,
      fix: 'Repair a standby in another region first. To stop the app itself, stop it.',
    });
    return { exit: EXIT.refused, summary: 'Refused: last-region. Nothing was changed.' };
  }
  const step = (name: string, state: 'done' | 'failed', evidence: string): void =>
    emit({ type: 'step', name, where: region, state, evidence });
  try {
    if (methods.includes('role')) {
      const says = await fenceByRole(config, region, undefined, signal);
      step('role', 'done', says.join('; ') || 'no server there takes writes');
    }
    if (methods.includes('hook')) {
      const message = { event: 'fence', from: region, atMs: Date.now() };
      const { ok, says } = await runHooksInOrder(config.failover.hooks.fence, message, signal);
      step('hook', ok ? 'done' : 'failed', says);
      if (!ok)
        return {
          exit: EXIT.fault,
          summary: `${region} is not fenced: a hook failed. Its app may still write there. Repair the hook, and run the same command again.`,
        };
    }
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    step('role', 'failed', error.message);
    return { exit: EXIT.fault, summary: `${region} is not fenced: ${error.message}. Its app may still write there.` };
  }
  const { state, says } = await proveFence(config, region, undefined, signal);
  emit({
    type: 'step',
    name: 'proof',
    where: region,
    state: state === 'fenced' ? 'done' : state === 'open' ? 'failed' : 'unknown',
    evidence: says,
  });
  if (state === 'open')
    return { exit: EXIT.fault, summary: `${region} is not fenced: ${says}. Its app may still write there.` };
  return state === 'fenced'
    ? { exit: EXIT.ok, summary: `${region} is fenced.` }
    : {
        exit: EXIT.unknown,
        summary: `Not proved: ${says}. If it comes back, its app may write to it: run the same command again then.`,
      };
}
