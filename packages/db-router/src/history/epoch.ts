import type { Epoch, Fork } from '@regionkit/core';

/** Whether two epochs are the same. Only then do their positions compare by number. */
export function sameEpoch(left: Epoch, right: Epoch): boolean {
  return left.system === right.system && left.timeline === right.timeline && left.owner === right.owner;
}

/** Formats an epoch for people. */
export function formatEpoch(epoch: Epoch): string {
  return `timeline ${epoch.timeline} of ${epoch.owner} (system ${epoch.system})`;
}

/**
 * Returns where the history that ends in timeline `to` left timeline `from`: it does not contain what was written on
 * `from` after that LSN. Undefined if a fork between them is unknown, or `from` is not an ancestor. A standby may
 * follow a timeline up to which it has not replayed yet. If it is promoted then, it leaves before the earlier switch,
 * so the lowest fork on the way counts.
 */
export function leftAt(forks: readonly Fork[], system: string, from: number, to: number): bigint | undefined {
  let lowest: bigint | undefined;
  for (let child = to; child > from; ) {
    let step: Fork | undefined;
    for (let index = 0; index < forks.length; index += 1) {
      const fork = forks[index] as Fork;
      if (fork.child === child && fork.system === system) {
        step = fork;
        break;
      }
    }
    if (step === undefined) return undefined;
    if (lowest === undefined || step.lsn < lowest) lowest = step.lsn;
    if (step.parent === from) return lowest;
    child = step.parent;
  }
  return undefined;
}

/** Who wrote a timeline. Empty: unknown. Undefined: more than one. */
export function ownerOf(owners: readonly Epoch[], system: string, timeline: number): string | undefined {
  let found = '';
  for (let index = 0; index < owners.length; index += 1) {
    const epoch = owners[index] as Epoch;
    if (epoch.timeline !== timeline || epoch.system !== system) continue;
    if (found !== '') return undefined;
    found = epoch.owner;
  }
  return found;
}
