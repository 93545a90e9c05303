import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { doneEvidence, lastIfDone } from '../run-file/recorded.ts';
import { done, type FailoverStep } from './step.ts';

/**
 * A rebuild deletes the only copy of the writes that the new primary lacks. It waits until `regionkit salvage --run` has
 * listed all of them, or until they are given up.
 */
export const salvage: FailoverStep = {
  name: 'salvage',
  changes: false,
  withinMs: 0,
  isPlanned: ({ mode, rebuild }) => rebuild && mode === 'failover',
  says: () => 'wait until the writes that only the old primary has are listed (regionkit salvage)',
  prove: async ({ plan, file: { id, lines } }) => {
    if (plan.discardTail || doneEvidence(lines, 'discard-tail') !== undefined) {
      return done('the writes that only the old primary has are given up');
    }
    if (doneEvidence(lines, 'loss')?.['excluded'] === true) return done('nothing was lost');
    const salvaged = lastIfDone(lines, 'salvaged');
    const directory = salvaged?.['directory'];
    if (salvaged !== undefined && typeof directory === 'string' && existsSync(join(directory, 'summary.json'))) {
      return done(salvaged.says, { directory });
    }
    const evidence = `A rebuild would delete the writes that only the old primary has, and no complete list of them is known.`;
    const fix = `List them: regionkit salvage --run runs/${id}.ndjson --out DIR. Then: regionkit failover resume --run ${id} --execute. To give them up, add --discard-tail.`;
    return {
      state: 'refused',
      evidence: { says: `the lost writes are not listed yet. ${fix}` },
      vetoes: [{ id: 'rebuild-before-salvage', where: plan.from, evidence, fix }],
    };
  },
};
