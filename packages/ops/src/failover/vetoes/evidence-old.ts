import { seconds } from '../../options/text.ts';
import type { Veto } from './veto.ts';

const MAX_AGE_MS = 300_000;

/** What was true five minutes ago is not known now. A clock that went back makes it unknown, too. */
export const evidenceOld: Veto = {
  id: 'evidence-old',
  object: ({ confirmedAtMs, nowMs, plan: { from }, run }) => {
    const ageMs = nowMs - confirmedAtMs;
    if (ageMs >= 0 && ageMs <= MAX_AGE_MS) return undefined;
    return {
      where: from,
      evidence:
        ageMs < 0
          ? 'The evidence is of a time that has not come yet: a clock was changed.'
          : `The evidence is ${seconds(ageMs)} old; the limit is ${seconds(MAX_AGE_MS)}.`,
      fix:
        run === undefined
          ? 'Run the same command again: it measures everything anew.'
          : `Measure again: regionkit failover confirm --run ${run.id}. Then, within five minutes: regionkit failover resume --run ${run.id} --execute.`,
    };
  },
};
