import type { ForwardError } from './errors.ts';
import type { HopVerdict } from './hop.ts';
import type { GateReason } from './ruling.ts';

/** What the gate emits, mirrored on `node:diagnostics_channel` as `regionkit:gate:<event>`. */
export interface WriteGateEvents {
  /** Every request, once it is known what is done with it. */
  readonly decision: { readonly reason: GateReason };
  /** A write, or a read that only the primary's region can serve, found no primary and waits for one. */
  readonly hold: { readonly method: string };
  /** The head of a forwarded request's answer came back. */
  readonly forwarded: { readonly region: string; readonly status: number; readonly headMs: number };
  readonly 'forward-failed': { readonly error: ForwardError };
  /** A request that carries a mark arrived. */
  readonly hop: { readonly mark: HopVerdict['mark']; readonly from?: string };
}

export const EVENT_NAMES: readonly (keyof WriteGateEvents)[] = [
  'decision',
  'hold',
  'forwarded',
  'forward-failed',
  'hop',
];
