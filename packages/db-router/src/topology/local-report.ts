import type { DatabaseReport, Epoch, Vouch } from '@regionkit/core';
import { writtenFor } from './claims.ts';
import { type Facts, highestMeasured, isResponding } from './facts.ts';
import type { TopologyStore } from './reduce.ts';
import { isStandby, type NodeView, type Topology } from './topology.ts';

/**
 * What a process tells the other regions, and the other processes of its own. Only what it measured, and only while that
 * may be believed: they act on it. Pure.
 */
export function localReport(
  { topology, facts }: Pick<TopologyStore, 'topology' | 'facts'>,
  self: string,
  {
    stale,
    probing,
    acceptedForMs,
  }: { readonly stale: boolean; readonly probing: boolean; readonly acceptedForMs: number | undefined },
): DatabaseReport {
  const own = topology.nodes.filter(({ region }) => region === self);
  // If two nodes write one timeline, each region reports its own. A region that only received the other's name would
  // not learn that there are two.
  const twin = own.find(({ state }) => state === 'twin');
  const known = topology.highest;
  const highest = known && twin ? ownEpoch(known, twin) : known;
  // Two regions that were suspended wait for each other's measurements. So these must not wait for anything.
  const probed = facts.nodes.filter(({ region }) => region === self);
  const measured = probed.some(isResponding);
  const isKnown = !probing && (measured || probed.every(({ triedAtMs }) => triedAtMs > Number.NEGATIVE_INFINITY));
  const measuredEpoch = highestMeasured(facts, topology.system);
  const voids = facts.voids.filter(({ state }) => state !== 'ended').map(({ id, epochs }) => ({ id, epochs }));
  const { primary } = topology;
  const common = {
    forks: topology.forks,
    ...(highest !== undefined && { highest }),
    ...(isKnown && { measured }),
    ...(measuredEpoch !== undefined && { measuredEpoch }),
    ...(acceptedForMs !== undefined && { acceptedForMs }),
    ...(voids.length > 0 && !stale && { voids }),
    ...(topology.vouches && !stale && { vouches: vouchOf(topology, facts) }),
  };
  if (primary?.node !== undefined && primary.region === self && !stale) {
    const view = topology.nodes[primary.node];
    const epoch = view === undefined ? primary.epoch : ownEpoch(primary.epoch, view);
    return { role: 'primary', epoch, position: primary.position, ...common };
  }
  const standbys = own.filter(({ state }) => isStandby(state));
  if (standbys.length === 0 || stale) return { role: 'unknown', ...common };
  const [furthest] = standbys.toSorted((left, right) => Number(right.position - left.position));
  return { role: 'standby', position: furthest?.position ?? 0n, ...common };
}

/** What a process that vouches passes on. */
export function vouchOf({ primary, system }: Topology, facts: Facts): Vouch {
  const written = system === undefined ? undefined : writtenFor(facts, system);
  return { ...(primary !== undefined && { primary: primary.epoch }), ...(written !== undefined && { written }) };
}

/** Another region names it by the first pool that leads to it. Here it gets the name in this region. */
function ownEpoch({ system, timeline }: Epoch, { id, server }: NodeView): Epoch {
  return { system, timeline, owner: id, ...(server !== '' && { server }) };
}
