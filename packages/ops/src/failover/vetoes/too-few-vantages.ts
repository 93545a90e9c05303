import { list } from '../../options/text.ts';
import { regionsOf, type Situation } from '../survey/situation.ts';
import { cascadesFrom } from '../survey/streams.ts';
import { domainOf, vantages } from '../vantages.ts';
import type { Veto } from './veto.ts';

const MIN = 3;
const MIN_OUTSIDE = 2;

/**
 * A vantage that cannot reach the primary may have a fault in its own network. So if one vantage sees it alive, that counts.
 * All vantages of one region share its network: two of them prove no more than one that the primary is gone.
 */
export const tooFewVantages: Veto = {
  id: 'too-few-vantages',
  object: ({ plan: { mode, from, here }, situation }) => {
    if (mode === 'switchover') return undefined;
    const all = vantages(situation, from, here);
    const gone = all.filter(({ sees }) => sees === 'gone');
    const places = [...new Set(gone.map(domainOf))];
    const outside = places.filter((place) => place !== from);
    const alive = all.filter(({ sees }) => sees === 'alive').map(({ name }) => name);
    // What can be outside at all: the other regions, and this machine if it stands in none of them.
    const sighted = regionsOf(situation).filter((region) => canSee(situation, from, region));
    const possible = new Set([...sighted, here ?? 'this machine']);
    possible.delete(from);
    const needed = Math.max(MIN_OUTSIDE, Math.min(MIN, possible.size));
    const isEnough = gone.length >= MIN && places.length >= needed && outside.length >= MIN_OUTSIDE;
    if (alive.length === 0 && isEnough) return undefined;
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
      evidence: `${gone.length} of ${all.length} vantages see no primary in ${from}, in ${places.length} places, ${outside.length} of them outside it; needed are ${MIN} vantages in ${needed} places, ${MIN_OUTSIDE} of them outside. All of one region count as one place. ${details}.`,
      fix:
        possible.size < MIN_OUTSIDE
          ? `Run it without --here from a machine that is in no region of the configuration: the places outside ${from} (${list([...possible]) || 'none'}) are not enough.`
          : 'Add vantages in other regions: the origin of each region with healthToken, and every standby. Run it from a machine outside the region. If a second region is lost as well, take it out of a copy of the configuration (--config).',
    };
  },
};

/** A region without an app, whose standbys all stream from a standby elsewhere, has no way of its own to the primary. */
const canSee = (situation: Situation, from: string, region: string): boolean =>
  situation.apps.some((app) => app.region === region) ||
  situation.nodes.some(
    (node) => node.region === region && !(node.answer.ok && cascadesFrom(situation, node.answer.value, from)),
  );
