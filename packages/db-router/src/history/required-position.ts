import type { Epoch } from '@regionkit/core';

/** What a read must see. An empty `system` means: only the primary has it. */
export interface RequiredPosition {
  readonly system: string;
  readonly timeline: number;
  readonly owner: string;
  readonly lsn: bigint;
}

/** Only the primary has it. */
export const PRIMARY_ONLY: RequiredPosition = { system: '', timeline: 0, owner: '', lsn: 0n };

/** Something was written or read at an unknown position. No standby ever counts as having replayed it. */
export const UNKNOWN_LSN = 0xffff_ffff_ffff_ffffn;

/** Do not wait for a standby if its replay of this position cannot be observed. */
export function requireAt(epoch: Epoch, lsn: bigint): RequiredPosition {
  return lsn === UNKNOWN_LSN ? PRIMARY_ONLY : { ...epoch, lsn };
}

/** The later of two required positions. "Only the primary" is the latest. */
export function laterPosition(left: RequiredPosition | undefined, right: RequiredPosition): RequiredPosition {
  if (left === undefined) return right;
  if (left === PRIMARY_ONLY || right === PRIMARY_ONLY) return PRIMARY_ONLY;
  return isHigher(right, right.lsn, left, left.lsn) ? right : left;
}

/** Whether a position is later than another one, by timeline and then by number. */
export function isHigher(epoch: Epoch, lsn: bigint, thanEpoch: Epoch, thanLsn: bigint): boolean {
  return epoch.timeline > thanEpoch.timeline || (epoch.timeline === thanEpoch.timeline && lsn > thanLsn);
}
