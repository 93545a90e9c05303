import type { WritePolicy } from '../gate-seam.ts';

/** Why the gate decided so. The set is closed; the same string is used in the event and as label of a metric. */
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

/** The input of the ruling. */
export interface GateFacts {
  readonly self: string;
  readonly policy: WritePolicy;
  readonly write: boolean;
  /** The region of the primary. Undefined while none is known for certain. */
  readonly primary: string | undefined;
  /** The request has a hop mark, valid or not. It was forwarded once and is never forwarded again. */
  readonly marked: boolean;
  /** This region itself made the mark: the request came back. */
  readonly markedBySelf: boolean;
}

export type GateRuling =
  | { readonly action: 'serve'; readonly reason: 'read' | 'primary-here' | 'remote-pool' }
  /** Wait until there is a primary, then decide again. */
  | { readonly action: 'hold' }
  | { readonly action: 'forward'; readonly to: string }
  | { readonly action: 'reject'; readonly to: string }
  | { readonly action: 'turn-back'; readonly reason: 'not-primary' | 'loop' };

/** The whole policy of the gate, as one pure function. */
export function ruleWrite(facts: GateFacts): GateRuling {
  const { self, policy, primary, marked } = facts;
  if (!facts.write) return { action: 'serve', reason: 'read' };
  if (primary === self) return { action: 'serve', reason: 'primary-here' };
  // The router's own pool uses the primary, and waits while there is none.
  if (policy === 'remote-pool') return { action: 'serve', reason: 'remote-pool' };
  if (primary === undefined) return { action: 'hold' };
  if (marked) return { action: 'turn-back', reason: facts.markedBySelf ? 'loop' : 'not-primary' };
  return policy === 'forward' ? { action: 'forward', to: primary } : { action: 'reject', to: primary };
}
