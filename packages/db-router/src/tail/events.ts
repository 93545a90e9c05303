import type { TailDrop, TailWait } from './decide-tick.ts';

/** The events of a keeper. Each is also published on the `node:diagnostics_channel` `regionkit:tail:<event>`. */
export interface TailEvents {
  /** The slot was made: what is committed from now on is kept. */
  created: { readonly timeline: number };
  /** The slot was moved to what every named standby has flushed. */
  advanced: { readonly timeline: number; readonly to: string };
  /** The slot was dropped. A failover now loses writes that `salvage` cannot list from a slot. */
  dropped: { readonly timeline: number; readonly why: TailDrop; readonly heldBytes: number };
  /** The slot is not moved, and keeps more and more WAL. Emitted when the reason changes. */
  waiting: { readonly timeline: number; readonly why: TailWait; readonly missing: readonly string[] };
  /** Where a new timeline begins was recorded, and its first transaction. */
  promotion: { readonly timeline: number; readonly fork: string | undefined; readonly firstXid: string };
  /** A tick failed. `code` is a SQLSTATE, an errno or the code of a router's error; `none`: the error has none. Emitted when it changes. */
  failed: { readonly code: string };
}

/** The names of all events. */
export const TAIL_EVENTS: readonly (keyof TailEvents)[] = [
  'created',
  'advanced',
  'dropped',
  'waiting',
  'promotion',
  'failed',
];
