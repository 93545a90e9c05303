import type { Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { hasChanged } from './has-changed.ts';
import { howToGoOn } from './how-to-go-on.ts';
import { readPlanLine } from './run-file/plan-line.ts';
import { begun } from './run-file/recorded.ts';
import { UnwrittenLine } from './run-file/unwritten-line.ts';
import { stepsOf } from './steps.ts';

/** A command ends where it cannot record what it does: `resume` would not know of it. */
export async function recording(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnwrittenLine) return notRecorded(error);
    throw error;
  }
}

/** Pure. */
function notRecorded({ step, state, code, file: { id, directory, lines } }: UnwrittenLine): Outcome {
  const isBegun = state !== 'started' || begun(lines, step);
  const what = isBegun
    ? `The run file cannot be written (${code}): how the step ${step} ended is not recorded, and is measured again.`
    : `The step ${step} was not begun: the run file cannot be written (${code}), and nothing is done that is not recorded.`;
  const plan = readPlanLine(lines)?.plan;
  const isPartly = plan !== undefined && hasChanged(stepsOf(plan), lines);
  const how = `Make room on the disk of ${directory}, or copy this directory to another disk and name the copy with --runs.`;
  return {
    exit: isPartly ? EXIT.partly : EXIT.fault,
    summary: `${what} ${isPartly ? 'A part was done.' : 'Nothing was changed.'} ${how} ${howToGoOn(id, lines)}`,
  };
}
