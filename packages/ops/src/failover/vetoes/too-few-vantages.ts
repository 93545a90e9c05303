import { list } from '../../options/text.ts';
import { isRegionFenced, regionsOf, type Situation } from '../survey/situation.ts';
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
    const possible = placesOutside(situation, from, here);
    const needed = Math.max(MIN_OUTSIDE, Math.min(MIN, possible.length));
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
      fix: fixFor(from, possible, isRegionFenced(situation, from)),
    };
  },
};

/** What can be outside at all: the other regions, and this machine if it stands in none of them. */
function placesOutside(situation: Situation, from: string, here: string | undefined): readonly string[] {
  const regions = regionsOf(situation).filter((region) => canSee(situation, from, region));
  // A fenced primary that answers this machine is neither gone nor alive for it.
  const machine = isRegionFenced(situation, from) ? [] : [here ?? 'this machine'];
  return [...new Set([...regions, ...machine])].filter((place) => place !== from);
}

function fixFor(from: string, possible: readonly string[], hasFenced: boolean): string {
  if (hasFenced)
    return `Stop the fenced server of ${from}: while it answers, this machine does not see it gone. If another region does not answer either, take that one out of a copy of the configuration (--config).`;
  if (possible.length < MIN_OUTSIDE)
    return `Run it without --here from a machine that is in no region of the configuration: the places outside ${from} (${list(possible)}) are not enough.`;
  return 'Add vantages in other regions: the origin of each region with healthToken, and every standby. Run it from a machine outside the region. If a second region is lost as well, take it out of a copy of the configuration (--config).';
}

/** A region without an app, whose standbys all stream from a standby elsewhere, has no way of its own to the primary. */
const canSee = (situation: Situation, from: string, region: string): boolean =>
  situation.apps.some((app) => app.region === region) ||
  situation.nodes.some(
    (node) => node.region === region && !(node.answer.ok && cascadesFrom(situation, node.answer.value, from)),
  );
