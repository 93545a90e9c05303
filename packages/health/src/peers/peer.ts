import { type Region, type RegionState, unknownRegion } from '@regionkit/core';
import type { Relative } from '../verdict/guard.ts';
import type { Malformed, RegionDocument } from './document.ts';
import type { Unanswered } from './transport.ts';

/** How one look at another region ended: a closed set, fit for a metric label. */
export type PeerReason = 'ok' | 'wrong-region' | Unanswered | Malformed;

/** What is remembered of another region. */
export interface PeerMemory {
  /** Its last good document. */
  readonly document?: RegionDocument;
  /** When that was asked for: it says how things were no earlier than this. */
  readonly observedAtMs: number;
  /** When it was first looked at, or last forgotten: since when silence counts. */
  readonly sinceMs: number;
}

export interface PeerTimes {
  readonly unknownAfterMs: number;
  readonly downAfterMs: number;
}

export function freshMemory(nowMs: number): PeerMemory {
  return { observedAtMs: Number.NEGATIVE_INFINITY, sinceMs: nowMs };
}

/** How long ago anything good was heard. */
function silenceMs(memory: PeerMemory, nowMs: number): number {
  return nowMs - Math.max(memory.observedAtMs, memory.sinceMs);
}

/**
 * What is known of a region now: its own document while that is young, then nothing, then that it is down. What it said
 * of forks and of the highest epoch does not age: knowledge that fences a primary must not vanish with its source.
 */
export function peerState<Name extends string>(
  region: Region<Name>,
  memory: PeerMemory,
  nowMs: number,
  { unknownAfterMs, downAfterMs }: PeerTimes,
): RegionState<Name> & { readonly relative: Relative } {
  const { document, observedAtMs } = memory;
  const database = document?.database;
  const lasting = {
    ...(database !== undefined && { forks: database.forks }),
    ...((database?.highest ?? database?.epoch) !== undefined && { highest: database?.highest ?? database?.epoch }),
  } as Pick<RegionState, 'forks' | 'highest'>;
  if (document !== undefined && nowMs - observedAtMs <= unknownAfterMs) {
    const { accept, reads, writes, relative } = document;
    return {
      name: region.name,
      origin: region.origin,
      reads,
      writes,
      accept,
      relative,
      identified: true,
      observedAtMs,
      ...(database?.role === 'primary' &&
        database.epoch !== undefined &&
        database.position !== undefined && { primary: { epoch: database.epoch, position: database.position } }),
      ...(database?.measured === true && { measured: true }),
      ...lasting,
    };
  }
  const down = silenceMs(memory, nowMs) > downAfterMs;
  return {
    ...unknownRegion(region),
    ...(down && { reads: 'fail', writes: 'fail', accept: 'no' }),
    relative: 'in',
    observedAtMs,
    ...lasting,
  };
}
