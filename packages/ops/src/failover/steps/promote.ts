import { doneAtMs, doneEvidence } from '../run-file/recorded.ts';
import { object } from '../vetoes.ts';
import { done, type FailoverStep, notYet, StepFailure } from './step.ts';

/** The target becomes the primary. Everything is judged once more just before. */
export const promote: FailoverStep = {
  name: 'promote',
  changes: true,
  withinMs: 120_000,
  says: ({ target, adapter }) => `promote ${target} (${adapter})`,
  prove: async ({ state, plan, file }) => {
    const answer = await state(plan.target);
    if (!answer.ok) return notYet(`${plan.target} does not answer (${answer.why})`);
    const { inRecovery, timeline } = answer.value;
    if (inRecovery) return notYet(`${plan.target} is still a standby`);
    const before = doneEvidence(file.lines, 'loss')?.['timeline'];
    return done(`${plan.target} takes writes on timeline ${timeline}, before it was ${before ?? 'unknown'}`, {
      timeline,
      before,
    });
  },
  act: async ({ adapter, plan, signal, survey, file }) => {
    const situation = await survey();
    const confirmedAtMs = doneAtMs(file.lines, 'confirm') ?? Number.NaN;
    // The loss was judged in its own step; the age of the last commit goes on growing.
    const vetoes = object(plan, situation, { confirmedAtMs, nowMs: Date.now(), isFencing: true }).filter(
      ({ id }) => id !== 'loss-not-accepted',
    );
    if (vetoes.length > 0)
      throw new StepFailure(vetoes.map(({ id, evidence }) => `${id}: ${evidence}`).join(' '), vetoes);
    await adapter.promote(plan, signal);
    return { says: 'the promotion was asked for' };
  },
};
