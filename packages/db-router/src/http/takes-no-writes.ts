import type { RegionState } from '@regionkit/core';

const FRESH_MS = 10_000;

/**
 * Whether a region certainly takes no writes: a recent report says so, or the region has been silent; the longer, the
 * more certain. Unknown does not count as no.
 */
export function takesNoWrites(state: RegionState | undefined, nowMs: number): boolean {
  if (state?.accept !== 'no' || state.writes !== 'fail') return false;
  return !state.identified || nowMs - state.observedAtMs <= FRESH_MS;
}
