import type { Epoch } from '@regionkit/core';
import { leftAt, ownerOf } from '../history/epoch.ts';
import { UNKNOWN_LSN } from '../history/need.ts';
import { knownEpoch } from '../topology/facts.ts';
import type { Top, Topology } from '../topology/topology.ts';

/** What became of a position that a token names. `unknown`: the fork is not known, or two nodes write its timeline. */
export type Fate = 'kept' | 'lost' | 'unknown';

/** Whether what was written there is in the history in force: not if it is beyond the fork, or another owner's. */
export function fateOf(given: Epoch, lsn: bigint, topology: Topology): Fate {
  const { top, forks, owners } = topology;
  // Its owner may be called by another name since the request began.
  const epoch = knownEpoch(topology, given);
  if (top === undefined || top.system !== epoch.system) return 'kept';
  // It was heard of just now: still above all that is known, or of nobody who is, it was declared void.
  if (epoch.timeline > top.timeline) return 'unknown';
  if (epoch.timeline === top.timeline) return isOnlyOwner(top, epoch.owner) ? 'kept' : 'unknown';
  if (lsn === UNKNOWN_LSN) return 'unknown';
  if (ownerOf(owners, epoch.system, epoch.timeline) !== epoch.owner) return 'unknown';
  const left = leftAt(forks, epoch.system, epoch.timeline, top.timeline);
  if (left === undefined) return 'unknown';
  return lsn > left ? 'lost' : 'kept';
}

/** A standby may have told of a timeline before anybody is known to write it. */
function isOnlyOwner({ owners }: Top, owner: string): boolean {
  return owners.length === 0 || (owners.length === 1 && owners[0] === owner);
}
