import type { RegionState } from '@regionkit/core';
import type { TargetState } from './rule.ts';

/**
 * What the state of a region means for a redirect. A bad state counts at any age, because a dead region sends no newer
 * one. A good state that is too old counts as unknown.
 */
export function targetState(
  state: RegionState | undefined,
  { nowMs, maxViewAgeMs, trustUnknown }: { nowMs: number; maxViewAgeMs: number; trustUnknown: boolean },
): TargetState {
  if (state?.accept === 'draining') return 'draining';
  if (state?.accept === 'no' || state?.reads === 'fail') return 'down';
  if (state === undefined || nowMs - state.observedAtMs > maxViewAgeMs) return trustUnknown ? 'usable' : 'unknown';
  if (state.accept === 'yes') return state.identified ? 'usable' : 'misnamed';
  return trustUnknown ? 'usable' : 'unknown';
}
