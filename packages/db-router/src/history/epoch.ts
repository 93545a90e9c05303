import type { Epoch, Fork } from '@regionkit/core';

/** Whether two epochs are one: positions compare by number only then. */
export function sameEpoch(left: Epoch, right: Epoch): boolean {
  return left.system === right.system && left.timeline === right.timeline && left.owner === right.owner;
}

/** `region/node` as a reader sees it. */
export function formatEpoch(epoch: Epoch): string {
  return `timeline ${epoch.timeline} of ${epoch.owner} (system ${epoch.system})`;
}

/**
 * Where the history that ends in timeline `to` left timeline `from`: what was written on `from` beyond that LSN is not
 * in it. Undefined when a fork on the way is not known, or `from` is no ancestor. A standby may follow a timeline that it
 * has not replayed up to yet: promoted then, it leaves below the switch before, so the lowest on the way counts.
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

/** Who wrote a timeline: empty when nobody is known to, undefined when more than one is. */
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
