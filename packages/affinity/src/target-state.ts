import type { RegionState } from '@regionkit/core';
import type { TargetState } from './rule.ts';

/**
 * What a region's state means to a redirect. What is known to be bad stays bad however old: a region that is dead says
 * nothing new. Old good news is no news, and unknown is neither good nor bad.
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
