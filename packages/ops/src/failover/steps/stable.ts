import { setTimeout as sleep } from 'node:timers/promises';
import { seconds } from '../../options/text.ts';
import type { RunContext } from '../run-context.ts';
import { isFenced, writers } from '../survey/situation.ts';
import { followers } from './apps.ts';
import { sayMissing } from './followers.ts';
import { done, type FailoverStep, notYet, StepFailure } from './step.ts';

const EVERY_MS = 1_000;

/** For a while there is one writer, and the apps keep to it. */
export const stable: FailoverStep = {
  name: 'stable',
  changes: false,
  withinMs: 0,
  says: ({ stableMs }) => `watch for ${seconds(stableMs)} that it stays so`,
  prove: async (context, acted) => {
    if (acted !== undefined) return { state: 'done', evidence: acted };
    const fault = await look(context);
    if (fault !== undefined) return { state: 'failed', evidence: { says: fault } };
    const wasDone = context.file.lines.some(({ step, state }) => step === 'stable' && state === 'done');
    return wasDone ? done('it is still so') : notYet('not watched yet');
  },
  act: async (context) => {
    const { plan, signal } = context;
    const untilMs = performance.now() + plan.stableMs;
    let samples = 0;
    while ((samples === 0 || performance.now() < untilMs) && !signal.aborted) {
      const fault = await look(context);
      if (fault !== undefined && !signal.aborted) throw new StepFailure(fault);
      samples += 1;
      context.progress(`stable: ${samples} samples`);
      await sleep(Math.min(EVERY_MS, plan.stableMs), undefined, { signal }).catch(() => {});
    }
    if (signal.aborted) throw new StepFailure('interrupted');
    return { says: `${samples} samples in ${seconds(plan.stableMs)}: ${plan.target} alone takes writes`, samples };
  },
};

async function look(context: RunContext): Promise<string | undefined> {
  const { plan, survey } = context;
  const [situation, apps] = await Promise.all([survey(), followers(context)]);
  const all = writers(situation).filter((node) => node.id === plan.target || !isFenced(node));
  const others = all.filter(({ id }) => id !== plan.target);
  if (others.length > 0) return `${others.map(({ id }) => id).join(', ')} takes writes, too: fence it now`;
  if (all.length === 0) return `${plan.target} does not take writes`;
  const missing = apps.missing.filter(({ region }) => !apps.blind.includes(region));
  return missing.length === 0 ? undefined : `the new primary is not reported by ${sayMissing({ ...apps, missing })}`;
}
