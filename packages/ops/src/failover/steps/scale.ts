import type { Operations } from '../../config/check-config.ts';
import { type HooksResult, runHooksInOrder } from '../../hooks/run-hooks.ts';
import type { Proposal } from '../plan.ts';
import type { RunContext } from '../run-context.ts';
import { planScale, type ScaleTarget, sayScale } from '../scale.ts';
import { messageOf } from './message.ts';
import { done, type FailoverStep, isRecorded, notYet } from './step.ts';

export const targetsOf = ({
  config,
  plan,
}: {
  readonly config: Operations;
  readonly plan: Pick<Proposal, 'mode' | 'from'>;
}): readonly ScaleTarget[] =>
  plan.mode === 'switchover' || config.failover.hooks.scale.length === 0 ? [] : planScale(config.regions, plan.from);

/** The hooks of each region at the same time; those of one region in their order. */
async function scaleAll(context: RunContext): Promise<HooksResult> {
  const { config, signal } = context;
  const results = await Promise.all(
    targetsOf(context).map(async ({ region, current, wanted }) => {
      const message = { ...messageOf(context, 'scale'), region, current, wanted };
      return { region, ...(await runHooksInOrder(config.failover.hooks.scale, message, signal)) };
    }),
  );
  return {
    ok: results.every(({ ok }) => ok),
    says: results.map(({ region, says }) => `${region}: ${says}`).join('; '),
  };
}

/** The other regions get room for the clients of the lost one. It takes minutes, so the promotion does not wait for it. */
export const scale: FailoverStep = {
  name: 'scale',
  changes: true,
  withinMs: 0,
  isPlanned: ({ mode }) => mode === 'failover',
  says: () => 'ask for capacity in the other regions (failover.hooks.scale), without waiting',
  prove: async (context, acted) => {
    const targets = targetsOf(context);
    if (targets.length === 0) return done('no hook is configured (failover.hooks.scale)', { changed: false });
    // A command that was killed has not waited for the hooks.
    return acted !== undefined || isRecorded(context.file.lines, 'scaled')
      ? done(sayScale(targets), { targets })
      : notYet('the hooks were not started');
  },
  act: async (context) => {
    const running = scaleAll(context);
    context.scaling.push(running);
    context.background.push(running);
    return { says: 'started' };
  },
};

/** How the hooks of `scale` ended. A failover whose capacity is not known goes on: the database takes writes. */
export const scaled: FailoverStep = {
  name: 'scaled',
  changes: false,
  withinMs: 0,
  isPlanned: ({ mode }) => mode === 'failover',
  says: () => 'wait for the hooks of scale, within their time',
  prove: async (context, acted) => {
    if (targetsOf(context).length === 0) return done('no hook is configured (failover.hooks.scale)');
    if (acted === undefined) {
      return isRecorded(context.file.lines, 'scaled')
        ? done('the hooks have ended')
        : notYet('the hooks have not ended');
    }
    return { state: acted['ok'] === true ? 'done' : 'unknown', evidence: acted };
  },
  act: async ({ scaling }) => {
    const results = await Promise.all(scaling);
    return { says: results.map(({ says }) => says).join('; '), ok: results.every(({ ok }) => ok) };
  },
};
