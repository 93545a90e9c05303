import type { Epoch } from '@regionkit/core';

/** What a read must see. A `system` of no database means: only the primary will do. */
export interface Need {
  readonly system: string;
  readonly timeline: number;
  readonly owner: string;
  readonly lsn: bigint;
}

/** Nothing but the primary will do. */
export const PRIMARY_ONLY: Need = { system: '', timeline: 0, owner: '', lsn: 0n };

/** Something was written, or seen, at a position nobody could learn: no standby is ever seen to have it. */
export const UNKNOWN_LSN = 0xffff_ffff_ffff_ffffn;

/** No standby is waited for that cannot be told to have it. */
export function needAt(epoch: Epoch, lsn: bigint): Need {
  return lsn === UNKNOWN_LSN ? PRIMARY_ONLY : { ...epoch, lsn };
}

/** The later of two needs. Once only the primary will do, nothing less does. */
export function higherNeed(left: Need | undefined, right: Need): Need {
  if (left === undefined) return right;
  if (left === PRIMARY_ONLY || right === PRIMARY_ONLY) return PRIMARY_ONLY;
  return isHigher(right, right.lsn, left, left.lsn) ? right : left;
}

/** Whether a position is later than another one, by timeline and then by number. */
export function isHigher(epoch: Epoch, lsn: bigint, thanEpoch: Epoch, thanLsn: bigint): boolean {
  return epoch.timeline > thanEpoch.timeline || (epoch.timeline === thanEpoch.timeline && lsn > thanLsn);
}
