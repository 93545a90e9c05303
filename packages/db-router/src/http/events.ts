import type { ForwardError } from './errors.ts';
import type { HopVerdict } from './hop.ts';
import type { GateReason } from './ruling.ts';

/** The events of the gate. Each is also published on the `node:diagnostics_channel` `regionkit:gate:<event>`. */
export interface WriteGateEvents<Name extends string = string> {
  /** Every request, after the gate has decided about it. */
  readonly decision: { readonly reason: GateReason };
  /** A write, or a read that only the primary's region can serve, found no primary and waits for one. */
  readonly hold: { readonly method: string };
  /** The head of the answer to a forwarded request arrived. */
  readonly forwarded: { readonly region: Name; readonly status: number; readonly headMs: number };
  readonly 'forward-failed': { readonly error: ForwardError };
  /** A request with a hop mark arrived. */
  readonly hop: { readonly mark: HopVerdict['mark']; readonly from?: string };
}

export const EVENT_NAMES: readonly (keyof WriteGateEvents)[] = [
  'decision',
  'hold',
  'forwarded',
  'forward-failed',
  'hop',
];
