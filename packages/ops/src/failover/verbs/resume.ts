import type { Context, Outcome } from '../../command.ts';
import { doneEvidence } from '../run-file/recorded.ts';
import { carryOn } from './carry-on.ts';
import { openRun } from './open-run.ts';
import { listSteps } from './show-run.ts';
import { withLock } from './with-lock.ts';

/** Goes on with a run that was stopped. What the run file calls done is measured again first. */
export const resume = (context: Context): Promise<Outcome> =>
  withLock(context, async () => {
    await using opened = await openRun(context);
    const { file } = opened.context;
    if (context.values['execute'] === true) {
      if (context.values['discard-tail'] === true && doneEvidence(file.lines, 'discard-tail') === undefined) {
        await file.append('discard-tail', 'done', { says: 'the writes that only the old primary has are given up' });
      }
      return await carryOn(context, opened.context);
    }
    return listSteps(context, opened);
  });
