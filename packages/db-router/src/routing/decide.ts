import { leftAt, ownerOf } from '../history/epoch.ts';
import type { RequiredPosition } from '../history/required-position.ts';
import type { Topology } from '../topology/topology.ts';
import { ownerName } from '../topology/writer.ts';
import type { Route } from './route.ts';
import type { NodeRoutes, RouteTable } from './table.ts';

/**
 * Decides where a read goes. Pure, and allocates nothing.
 *
 * @param need what it must see. Undefined: nothing in particular
 * @param avoid the nodes that failed this read, as bits
 * @param turn any number. The fresh standbys of the region are used in turn by it
 * @param mayWait whether it may wait for a standby of the region to catch up
 */
export function decideRead(
  table: RouteTable,
  need: RequiredPosition | undefined,
  avoid: number,
  turn: number,
  mayWait: boolean,
): Route {
  return need === undefined ? decidePlain(table, avoid, turn) : decideForPosition(table, need, avoid, turn, mayWait);
}

function decidePlain(table: RouteTable, avoid: number, turn: number): Route {
  const { locals, others, lastResorts } = table;
  for (let step = 0; step < locals.length; step += 1) {
    const entry = locals[(turn + step) % locals.length] as NodeRoutes;
    if ((avoid & entry.bit) === 0) return entry.plain;
  }
  for (let index = 0; index < others.length; index += 1) {
    const entry = others[index] as NodeRoutes;
    if ((avoid & entry.bit) === 0) return entry.plain;
  }
  for (let index = 0; index < lastResorts.length; index += 1) {
    const entry = lastResorts[index] as NodeRoutes;
    if ((avoid & entry.bit) === 0) return entry.stale;
  }
  return table.noRead;
}

function decideForPosition(
  table: RouteTable,
  need: RequiredPosition,
  avoid: number,
  turn: number,
  mayWait: boolean,
): Route {
  const { topology, localHolders, remoteHolders, lastResorts, localPrimary, primary } = table;
  let waitFor: NodeRoutes | undefined;
  for (let step = 0; step < localHolders.length; step += 1) {
    const entry = localHolders[(turn + step) % localHolders.length] as NodeRoutes;
    if ((avoid & entry.bit) !== 0) continue;
    if (hasReplayed(entry, need, topology)) return entry.caughtUp;
    if (waitFor === undefined && mayReach(entry, need, topology)) waitFor = entry;
  }
  if (localPrimary !== undefined && (avoid & localPrimary.bit) === 0) return localPrimary.forToken;
  if (mayWait && waitFor !== undefined) return waitFor.wait;
  if (primary !== undefined && (avoid & primary.bit) === 0) return primary.forToken;
  for (let index = 0; index < remoteHolders.length; index += 1) {
    const entry = remoteHolders[index] as NodeRoutes;
    if ((avoid & entry.bit) === 0 && hasReplayed(entry, need, topology)) return entry.caughtUp;
  }
  for (let index = 0; index < lastResorts.length; index += 1) {
    const entry = lastResorts[index] as NodeRoutes;
    if ((avoid & entry.bit) === 0) return entry.stale;
  }
  return table.noHolder;
}

/**
 * Whether the node has replayed `need`. Positions are compared by number only if both are on one timeline of one owner.
 * Across timelines only a position at or below the known fork counts, on a node that is past it.
 */
export function hasReplayed(entry: NodeRoutes, need: RequiredPosition, topology: Topology): boolean {
  const { view } = entry;
  const { system } = topology;
  if (system === undefined || need.system !== system) return false;
  if (view.timeline === need.timeline) {
    if (!isOwner(entry.owner, need, topology)) return false;
    if (view.state !== 'old-timeline') return view.position >= need.lsn;
    return view.seen !== undefined && view.seen.timeline === need.timeline && view.seen.position >= need.lsn;
  }
  if (view.timeline < need.timeline || view.state === 'old-timeline') return false;
  if (!isOwner(ownerOf(topology.owners, system, need.timeline), need, topology)) return false;
  const left = leftAt(topology.forks, system, need.timeline, view.timeline);
  return left !== undefined && need.lsn <= left && view.position >= left;
}

/** The owner may have another name since the position was recorded. Its server identifies it. */
function isOwner(owner: string | undefined, need: RequiredPosition, topology: Topology): boolean {
  return owner === need.owner || (owner !== undefined && owner === ownerName(topology, need));
}

/** Whether waiting can help: the node follows the timeline of the position. */
function mayReach(entry: NodeRoutes, need: RequiredPosition, topology: Topology): boolean {
  if (need.system !== topology.system) return false;
  const { state, timeline } = entry.view;
  return (
    (state === 'replica' || state === 'stale') && timeline === need.timeline && isOwner(entry.owner, need, topology)
  );
}
