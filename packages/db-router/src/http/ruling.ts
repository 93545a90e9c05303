import type { WritePolicy } from '../gate-seam.ts';

/** Why the gate did what it did. A closed set: the same string goes to the event and to a metric's label. */
export type GateReason =
  | 'read'
  | 'primary-here'
  | 'remote-pool'
  | 'forwarded'
  | 'not-primary'
  | 'loop'
  | 'refused'
  | 'no-primary'
  | 'region-down'
  | 'malformed';

/** Everything the ruling depends on. */
export interface GateFacts {
  readonly self: string;
  readonly policy: WritePolicy;
  readonly write: boolean;
  /** The region of the primary; undefined while none is known for certain. */
  readonly primary: string | undefined;
  /** The request carries a hop mark, valid or not: it was forwarded once, and never will be again. */
  readonly marked: boolean;
  /** The mark was made by this very region: the request came back. */
  readonly markedBySelf: boolean;
}

export type GateRuling =
  | { readonly action: 'serve'; readonly reason: 'read' | 'primary-here' | 'remote-pool' }
  /** Wait until there is a primary, then rule again. */
  | { readonly action: 'hold' }
  | { readonly action: 'forward'; readonly to: string }
  | { readonly action: 'refuse'; readonly to: string }
  | { readonly action: 'turn-back'; readonly reason: 'not-primary' | 'loop' };

/** The whole policy of the gate, as one pure function. */
export function ruleWrite(facts: GateFacts): GateRuling {
  const { self, policy, primary, marked } = facts;
  if (!facts.write) return { action: 'serve', reason: 'read' };
  if (primary === self) return { action: 'serve', reason: 'primary-here' };
  // The router's own pool goes to the primary, and holds while there is none.
  if (policy === 'remote-pool') return { action: 'serve', reason: 'remote-pool' };
  if (primary === undefined) return { action: 'hold' };
  if (marked) return { action: 'turn-back', reason: facts.markedBySelf ? 'loop' : 'not-primary' };
  return policy === 'forward' ? { action: 'forward', to: primary } : { action: 'refuse', to: primary };
}
