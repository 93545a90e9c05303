import type { AffinityAction, AffinityReason, TargetState } from './rule.ts';

/** Which guard kept a redirect back: the request's host, the target's identity, or the hop cookie. */
export type LoopGuard = 'host' | 'identity' | 'hop-cookie';

/** Why a cookie or a hint was not put on an answer. */
export type CookieSkippedReason =
  /** A shared cache may keep the answer, and would give the cookie to everybody. */
  | 'cacheable'
  /** The app sets, or deletes, a cookie of that name itself. */
  | 'set-by-app'
  /** `pin` was called after the head had been written. */
  | 'too-late';

/** What {@link Affinity} emits, mirrored on `node:diagnostics_channel` as `regionkit:affinity:<event>`. */
export interface AffinityEvents<Name extends string = string> {
  /** Every request that was looked at. */
  readonly decision: { readonly action: AffinityAction; readonly reason: AffinityReason; readonly region?: Name };
  /** A request served here because the region its cookie names cannot take it. */
  readonly failover: {
    readonly from: Name;
    readonly to: Name;
    readonly target: Exclude<TargetState, 'usable'>;
    /** The client now belongs here, rather than for this once. */
    readonly repinned: boolean;
  };
  /** A redirect that was wanted and that a guard kept back. */
  readonly 'loop-prevented': { readonly guard: LoopGuard; readonly region: Name };
  readonly 'cookie-skipped': { readonly reason: CookieSkippedReason };
}

export const EVENT_NAMES: readonly (keyof AffinityEvents)[] = [
  'decision',
  'failover',
  'loop-prevented',
  'cookie-skipped',
];
