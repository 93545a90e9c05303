import type { AppView } from './survey/app-view.ts';
import type { NodeState } from './survey/node-state.ts';
import { isFenced, isRegionFenced, type Situation, standbys } from './survey/situation.ts';
import { cascadesFrom, isStreaming } from './survey/streams.ts';

/** A place from which the primary is looked at, by its own way through the network. */
export interface Vantage {
  readonly name: string;
  /** Undefined: this machine, which stands in no region as far as anyone has said. */
  readonly region: string | undefined;
  readonly sees: 'gone' | 'alive' | 'unknown';
  readonly says: string;
}

/** An app that has an answer of the region younger than this reaches it. */
const FRESH_MS = 5_000;

/**
 * What each place says of the primary in `from`: this machine, the receiver of each standby, the app of each region. A
 * primary that is fenced answers, and feeds the standbys of its region. Neither says that the app has a primary there.
 */
export function vantages(situation: Situation, from: string, here: string | undefined): readonly Vantage[] {
  return [
    thisMachine(situation, from, here),
    ...standbys(situation).map(({ id, region, state }) => ({
      name: `receiver of ${id}`,
      region,
      ...receiver(situation, state, from, region),
    })),
    ...situation.apps.flatMap(({ region, answer }) =>
      answer.ok && region !== from ? [{ name: `app of ${region}`, region, ...app(answer.view, region, from) }] : [],
    ),
  ];
}

/** What fails together: the region of a vantage. This machine is a place of its own, unless it stands in a region. */
export const domainOf = ({ region, name }: Vantage): string => region ?? name;

type Sight = Pick<Vantage, 'sees' | 'says'>;

function thisMachine({ nodes }: Situation, from: string, here: string | undefined): Vantage {
  const servers = nodes.filter(({ region }) => region === from);
  const sights = servers.map(({ id, answer }): Sight => {
    if (answer.ok) {
      if (answer.value.inRecovery) return { sees: 'gone', says: `${id} is a standby` };
      return isFenced({ id, region: from, state: answer.value })
        ? { sees: 'unknown', says: `${id} is fenced` }
        : { sees: 'alive', says: `${id} takes writes` };
    }
    if (['refused', 'timed-out', 'no-such-host'].includes(answer.why)) {
      return { sees: 'gone', says: `${id} cannot be reached (${answer.why})` };
    }
    return answer.why === 'wrong-password' || answer.why === 'no-permission' || answer.why === 'no-database'
      ? { sees: 'alive', says: `${id} answers, but cannot be examined (${answer.why})` }
      : { sees: 'unknown', says: `${id} could not be examined (${answer.why})` };
  });
  const says = servers.length === 0 ? `no server of ${from} is known` : sights.map((one) => one.says).join('; ');
  return { name: 'this machine', region: here, sees: servers.length === 0 ? 'unknown' : worst(sights), says };
}

/** One that is alive is enough. One that is unknown makes all unknown. */
const worst = (sights: readonly Sight[]): Vantage['sees'] =>
  (['alive', 'unknown'] as const).find((kind) => sights.some(({ sees }) => sees === kind)) ?? 'gone';

function receiver(situation: Situation, state: NodeState, from: string, region: string): Sight {
  const upstream = cascadesFrom(situation, state, from);
  if (upstream !== undefined) return { sees: 'unknown', says: `streams from ${upstream}` };
  if (!isStreaming(state))
    return { sees: 'gone', says: state.receiver === null ? 'receives nothing' : 'its sender is silent' };
  return region === from && isRegionFenced(situation, from)
    ? { sees: 'unknown', says: 'streams from a primary that is fenced' }
    : { sees: 'alive', says: 'streams' };
}

function app({ region: own, writes, regions }: AppView, region: string, from: string): Sight {
  const lost = regions.find(({ name }) => name === from);
  if (lost === undefined) return { sees: 'unknown', says: `does not know ${from}` };
  const { ageMs = Number.POSITIVE_INFINITY, timeline } = lost;
  const isFresh = ageMs < FRESH_MS;
  if (isFresh && timeline !== undefined) return { sees: 'alive', says: `${from} says that it has the primary` };
  // Its origin leads to another region, perhaps to the lost one: it is no place of its own.
  if (own !== region) return { sees: 'unknown', says: 'the app of another region answers there' };
  if (writes === 'fail' && (!isFresh || lost.writes === 'fail'))
    return { sees: 'gone', says: `has no primary, and ${from} ${isFresh ? 'has none either' : 'does not answer it'}` };
  return {
    sees: 'unknown',
    says: `its writes say ${writes === 'pass' || writes === 'warn' ? writes : 'nothing certain'}`,
  };
}
