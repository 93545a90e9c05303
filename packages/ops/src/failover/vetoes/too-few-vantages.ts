import { list } from '../../options/text.ts';
import { vantages } from '../vantages.ts';
import type { Veto } from './veto.ts';

const MIN = 3;
const MIN_OUTSIDE = 2;

/** A vantage that cannot reach the primary may have a fault in its own network. So if one vantage sees it alive, that counts. */
export const tooFewVantages: Veto = {
  id: 'too-few-vantages',
  object: ({ plan: { mode, from, here }, situation }) => {
    if (mode === 'switchover') return undefined;
    const all = vantages(situation, from, here);
    const gone = all.filter(({ sees }) => sees === 'gone');
    const outside = gone.filter(({ region }) => region !== from);
    const alive = all.filter(({ sees }) => sees === 'alive').map(({ name }) => name);
    if (alive.length === 0 && gone.length >= MIN && outside.length >= MIN_OUTSIDE) return undefined;
    const details = all.map(({ name, sees, says }) => `${name}: ${sees} (${says})`).join('; ');
    if (alive.length > 0) {
      return {
        where: from,
        evidence: `The primary in ${from} lives, as ${list(alive)} sees it. ${details}.`,
        fix: 'Do not fail over while it lives. Find out why other places do not reach it, and ask again.',
      };
    }
    return {
      where: from,
      evidence: `${gone.length} of ${all.length} vantages see no primary in ${from}, ${outside.length} of them outside it; needed are ${MIN} and ${MIN_OUTSIDE}. ${details}.`,
      fix: 'Add vantages: the origin of each region with healthToken, and every standby. Run it from a machine outside the region.',
    };
  },
};
