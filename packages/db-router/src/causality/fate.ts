import type { Epoch } from '@regionkit/core';
import { leftAt, ownerOf } from '../history/epoch.ts';
import { UNKNOWN_LSN } from '../history/required-position.ts';
import { knownEpoch } from '../topology/facts.ts';
import type { Top, Topology } from '../topology/topology.ts';

/** What became of a position that a token names. `unknown`: the fork is not known, or two nodes write its timeline. */
export type Fate = 'kept' | 'lost' | 'unknown';

/** Whether a position is in the history in force. It is not if it lies beyond the fork, or belongs to another owner. */
export function fateOf(given: Epoch, lsn: bigint, topology: Topology): Fate {
  const { top, forks, owners } = topology;
  // Its owner may have another name in this process since the request began.
  const epoch = knownEpoch(topology, given);
  if (top === undefined || top.system !== epoch.system) return 'kept';
  // It was learned a moment ago. If it is still above everything known, or has no known owner, it was declared void.
  if (epoch.timeline > top.timeline) return 'unknown';
  if (epoch.timeline === top.timeline) return isOnlyOwner(top, epoch.owner) ? 'kept' : 'unknown';
  if (lsn === UNKNOWN_LSN) return 'unknown';
  if (ownerOf(owners, epoch.system, epoch.timeline) !== epoch.owner) return 'unknown';
  const left = leftAt(forks, epoch.system, epoch.timeline, top.timeline);
  if (left === undefined) return 'unknown';
  return lsn > left ? 'lost' : 'kept';
}

/** A standby may report a timeline before its writer is known. */
function isOnlyOwner({ owners }: Top, owner: string): boolean {
  return owners.length === 0 || (owners.length === 1 && owners[0] === owner);
}
