import { leftAt, ownerOf } from '../history/epoch.ts';
import type { Need } from '../history/need.ts';
import type { Topology } from '../topology/topology.ts';
import { ownerName } from '../topology/writer.ts';
import type { Route } from './route.ts';
import type { RouteTable, Seat } from './table.ts';

/**
 * Where a read goes. Pure, and allocates nothing.
 *
 * @param need what it must see; undefined for nothing in particular
 * @param avoid the nodes that failed it, as bits
 * @param turn any number: the fresh standbys of the region take turns by it
 * @param mayWait whether it may wait for a standby of the region to catch up
 */
export function decideRead(
  table: RouteTable,
  need: Need | undefined,
  avoid: number,
  turn: number,
  mayWait: boolean,
): Route {
  return need === undefined ? decidePlain(table, avoid, turn) : decideNeed(table, need, avoid, turn, mayWait);
}

function decidePlain(table: RouteTable, avoid: number, turn: number): Route {
  const { locals, others, lastResorts } = table;
  for (let step = 0; step < locals.length; step += 1) {
    const seat = locals[(turn + step) % locals.length] as Seat;
    if ((avoid & seat.bit) === 0) return seat.plain;
  }
  for (let index = 0; index < others.length; index += 1) {
    const seat = others[index] as Seat;
    if ((avoid & seat.bit) === 0) return seat.plain;
  }
  for (let index = 0; index < lastResorts.length; index += 1) {
    const seat = lastResorts[index] as Seat;
    if ((avoid & seat.bit) === 0) return seat.stale;
  }
  return table.noRead;
}

function decideNeed(table: RouteTable, need: Need, avoid: number, turn: number, mayWait: boolean): Route {
  const { topology, localHolders, remoteHolders, lastResorts, localPrimary, primary } = table;
  let waitFor: Seat | undefined;
  for (let step = 0; step < localHolders.length; step += 1) {
    const seat = localHolders[(turn + step) % localHolders.length] as Seat;
    if ((avoid & seat.bit) !== 0) continue;
    if (has(seat, need, topology)) return seat.caughtUp;
    if (waitFor === undefined && mayReach(seat, need, topology)) waitFor = seat;
  }
  if (localPrimary !== undefined && (avoid & localPrimary.bit) === 0) return localPrimary.forToken;
  if (mayWait && waitFor !== undefined) return waitFor.wait;
  if (primary !== undefined && (avoid & primary.bit) === 0) return primary.forToken;
  for (let index = 0; index < remoteHolders.length; index += 1) {
    const seat = remoteHolders[index] as Seat;
    if ((avoid & seat.bit) === 0 && has(seat, need, topology)) return seat.caughtUp;
  }
  for (let index = 0; index < lastResorts.length; index += 1) {
    const seat = lastResorts[index] as Seat;
    if ((avoid & seat.bit) === 0) return seat.stale;
  }
  return table.noHolder;
}

/**
 * Whether the node was seen to have `need`. By number only where both are on one timeline of one owner; across timelines
 * only at or below the known fork, by a node that is past it.
 */
export function has(seat: Seat, need: Need, topology: Topology): boolean {
  const { view } = seat;
  const { system } = topology;
  if (system === undefined || need.system !== system) return false;
  if (view.timeline === need.timeline) {
    if (!isOwner(seat.owner, need, topology)) return false;
    if (view.state !== 'behind') return view.position >= need.lsn;
    return view.seen !== undefined && view.seen.timeline === need.timeline && view.seen.position >= need.lsn;
  }
  if (view.timeline < need.timeline || view.state === 'behind') return false;
  if (!isOwner(ownerOf(topology.owners, system, need.timeline), need, topology)) return false;
  const left = leftAt(topology.forks, system, need.timeline, view.timeline);
  return left !== undefined && need.lsn <= left && view.position >= left;
}

/** The owner may be called by another name since the need came up: its server tells it. */
function isOwner(owner: string | undefined, need: Need, topology: Topology): boolean {
  return owner === need.owner || (owner !== undefined && owner === ownerName(topology, need));
}

/** Whether waiting can help: it follows the very timeline the need is on. */
function mayReach(seat: Seat, need: Need, topology: Topology): boolean {
  if (need.system !== topology.system) return false;
  const { state, timeline } = seat.view;
  return (
    (state === 'replica' || state === 'stale') && timeline === need.timeline && isOwner(seat.owner, need, topology)
  );
}
