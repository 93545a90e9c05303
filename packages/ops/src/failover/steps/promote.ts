import { doneAtMs, doneEvidence } from '../run-file/recorded.ts';
import { object } from '../vetoes.ts';
import { flushedAtFence } from './fence.ts';
import { done, type FailoverStep, notYet, StepFailure } from './step.ts';

/** What a person must know of an adapter before it is used. */
const LABELS: Readonly<Record<string, string>> = { rds: 'rds: tested on a fake of its API, never run against AWS' };

/** The target becomes the primary. Everything is judged once more just before. */
export const promote: FailoverStep = {
  name: 'promote',
  changes: true,
  withinMs: ({ adapter }) => adapter.promoteWithinMs,
  says: ({ target, adapter }) => `promote ${target} (${LABELS[adapter] ?? adapter})`,
  prove: async ({ state, plan, file, adapter, signal }) => {
    const answer = await state(plan.target);
    if (!answer.ok) return notYet(`${plan.target} does not answer (${answer.why})`);
    const { inRecovery, timeline } = answer.value;
    if (inRecovery) return notYet(`${plan.target} is still a standby`);
    const underWay = await adapter.underWay?.(plan.target, signal);
    if (underWay !== undefined) return notYet(`${plan.target} takes writes; ${underWay}`);
    const before = doneEvidence(file.lines, 'loss')?.['timeline'];
    return done(`${plan.target} takes writes on timeline ${timeline}, before it was ${before ?? 'unknown'}`, {
      timeline,
      before,
    });
  },
  differs: (recorded, now) => recorded['timeline'] !== now['timeline'],
  act: async ({ adapter, plan, signal, survey, file }) => {
    const situation = await survey();
    const confirmedAtMs = doneAtMs(file.lines, 'confirm') ?? Number.NaN;
    const isPromoting = file.lines.filter(({ step, state }) => step === 'promote' && state === 'started').length > 1;
    // The loss was judged in its own step; the age of the last commit goes on growing.
    const vetoes = object(plan, situation, {
      ...{ confirmedAtMs, nowMs: Date.now(), isFencing: true, isPromoting, run: file },
      flushed: flushedAtFence({ file }),
    }).filter(({ id }) => id !== 'loss-not-accepted');
    if (vetoes.length > 0)
      throw new StepFailure(vetoes.map(({ id, evidence }) => `${id}: ${evidence}`).join(' '), vetoes);
    await adapter.promote(plan, signal);
    return { says: 'the promotion was asked for' };
  },
};
