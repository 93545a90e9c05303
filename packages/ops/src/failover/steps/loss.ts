import { assessLoss, isAccepted, sayLoss } from '../loss.ts';
import { candidates } from '../plan.ts';
import { flushedAtFence } from './fence.ts';
import { done, type FailoverStep, notYet } from './step.ts';

/** What may be missing on the target, after the fence and before the promotion. In a switchover: nothing. */
export const loss: FailoverStep = {
  name: 'loss',
  changes: false,
  settledBy: 'promote',
  withinMs: 30_000,
  says: ({ mode }) =>
    mode === 'switchover'
      ? 'wait until the target has everything that the old primary flushed'
      : 'measure what may be lost',
  prove: async (context) => {
    const { survey, plan, adapter } = context;
    const situation = await survey();
    const target = candidates(situation, plan.from).find(({ id }) => id === plan.target);
    if (target === undefined) return notYet(`${plan.target} does not answer as a standby`);
    const measured = assessLoss(situation, plan.from, target, flushedAtFence(context));
    const { timeline, position, xmax } = target.state;
    const facts = { ...measured, timeline, position, xmax };
    if (plan.mode === 'switchover' && adapter.demotes) return done(`${adapter.name} waits for the target`, facts);
    if (plan.mode === 'switchover')
      return measured.excluded ? done(sayLoss(measured), facts) : notYet(sayLoss(measured));
    // It was accepted when it was confirmed. Since then only the age of the last commit has grown.
    const accepted = isAccepted(measured, plan.acceptLoss) ? 'accepted' : 'accepted when it was confirmed';
    return done(measured.excluded ? sayLoss(measured) : `${sayLoss(measured)}; ${accepted}`, facts);
  },
};
