import { vantages } from '../vantages.ts';
import type { Veto } from './veto.ts';

const MIN = 3;
const MIN_OUTSIDE = 2;

/** What one place cannot reach may be well: its own network may be the fault. */
export const tooFewVantages: Veto = {
  id: 'too-few-vantages',
  object: ({ plan: { mode, from, here }, situation }) => {
    if (mode === 'switchover') return undefined;
    const all = vantages(situation, from, here);
    const gone = all.filter(({ sees }) => sees === 'gone');
    const outside = gone.filter(({ region }) => region !== from);
    if (gone.length >= MIN && outside.length >= MIN_OUTSIDE) return undefined;
    const details = all.map(({ name, sees, says }) => `${name}: ${sees} (${says})`).join('; ');
    return {
      where: from,
      evidence: `${gone.length} of ${all.length} vantages see no primary in ${from}, ${outside.length} of them outside it; needed are ${MIN} and ${MIN_OUTSIDE}. ${details}.`,
      fix: 'Add vantages: the origin of each region with healthToken, and every standby. Run it from a machine outside the region.',
    };
  },
};
