import type { AffinityAction, AffinityReason, TargetState } from './rule.ts';

/** The guard that prevented a redirect: the host of the request, the identity of the target, or the hop cookie. */
export type LoopGuard = 'host' | 'identity' | 'hop-cookie';

/** Why a cookie or a hint was not added to an answer. */
export type CookieSkippedReason =
  /** A shared cache may store the answer and would give the cookie to other clients. */
  | 'cacheable'
  /** The app itself sets or deletes a cookie of that name. */
  | 'set-by-app'
  /** `pin` was called after the head was written. */
  | 'too-late';

/**
 * The events of {@link Affinity}. Each is also published on the `node:diagnostics_channel`
 * `regionkit:affinity:<event>`.
 */
export interface AffinityEvents<Name extends string = string> {
  /** Every request that affinity decided about. */
  readonly decision: { readonly action: AffinityAction; readonly reason: AffinityReason; readonly region?: Name };
  /** A request was served here because the region in its cookie cannot take it. */
  readonly failover: {
    readonly from: Name;
    readonly to: Name;
    readonly target: Exclude<TargetState, 'usable'>;
    /** True: the client now belongs to this region. False: only this request is served here. */
    readonly repinned: boolean;
  };
  /** A guard prevented a redirect. */
  readonly 'loop-prevented': { readonly guard: LoopGuard; readonly region: Name };
  readonly 'cookie-skipped': { readonly reason: CookieSkippedReason };
}

export const EVENT_NAMES: readonly (keyof AffinityEvents)[] = [
  'decision',
  'failover',
  'loop-prevented',
  'cookie-skipped',
];
