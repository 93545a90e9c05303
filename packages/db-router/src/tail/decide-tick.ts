import type { TailFacts } from './tail-facts.ts';

/** Why the slot is not moved. The WAL since its position is kept meanwhile. */
export type TailWait =
  /** The server is not the primary that the router knows. */
  | 'not-primary'
  /** `wal_level` is not `logical`. */
  | 'wal-level'
  /** A named standby does not stream. */
  | 'standby-missing'
  /** Another session uses the slot, for example `regionkit salvage`. */
  | 'slot-active'
  /** A slot of this name exists that was not made by a keeper. */
  | 'foreign-slot';

/** Why the slot was dropped: it held more than `maxHeldBytes`, or the server had already removed its WAL. */
export type TailDrop = 'held' | 'lost';

/** What one tick does. */
export type Tick =
  | { readonly action: 'create' }
  | { readonly action: 'advance'; readonly to: bigint }
  | { readonly action: 'skip'; readonly why: 'not-higher' | 'other-process' }
  | { readonly action: 'wait'; readonly why: TailWait }
  | { readonly action: 'drop'; readonly why: TailDrop };

export interface Known {
  /** The timeline of the confirmed primary. */
  readonly timeline: number;
  readonly maxHeldBytes: number;
  /** Where this process saw the slot last. Undefined: it has not seen it. */
  readonly seen: bigint | undefined;
}

/**
 * Pure. On any server but the confirmed primary the answer is to wait: the slot of a primary that was left behind has the lost writes.
 *
 * Every process looks. If the slot has moved since, another process moves it, and this one leaves that to it.
 */
export function decideTick(facts: TailFacts, { timeline, maxHeldBytes, seen }: Known): Tick {
  if (facts.timeline !== timeline) return wait('not-primary');
  if (!facts.hasLock) return { action: 'skip', why: 'other-process' };
  const { slot, target } = facts;
  const isMissing = facts.missing.length > 0 || target === undefined;
  if (slot === undefined) {
    if (!facts.isLogical) return wait('wal-level');
    // After a drop, a new slot would only fill the disk again while what filled it goes on.
    return facts.wasDropped && isMissing ? wait('standby-missing') : { action: 'create' };
  }
  if (!slot.isOurs) return wait('foreign-slot');
  if (slot.isActive) return wait('slot-active');
  if (slot.isLost) return { action: 'drop', why: 'lost' };
  if (slot.heldBytes > maxHeldBytes) return { action: 'drop', why: 'held' };
  if (isMissing) return wait('standby-missing');
  if (target <= slot.confirmed) return { action: 'skip', why: 'not-higher' };
  if (seen !== undefined && seen !== slot.confirmed) return { action: 'skip', why: 'other-process' };
  return { action: 'advance', to: target };
}

const wait = (why: TailWait): Tick => ({ action: 'wait', why });
