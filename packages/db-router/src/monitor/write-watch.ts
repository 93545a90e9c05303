import type { Clock } from '@regionkit/core/kit';

/**
 * While writes flow, a standby may be promoted beside a primary that lives: every write it acknowledges from then on is
 * lost. Writes say so themselves, at no cost: behind one stands how many standbys are attached, and a promoted one lets go.
 */
export interface WriteWatch {
  /** A write is about to be sent. The first after a while has the other nodes probed. */
  wrote(): void;
  /** What the node said behind a write: how many standbys are attached to it; undefined where it does not say. */
  attached(index: number, senders: number | undefined): void;
  /** Writes flow: the other nodes are probed each second. */
  isWriting(): boolean;
  /** A standby let go a moment ago: the other nodes are probed as while a primary is missing. */
  isAlarmed(): boolean;
}

/** From a write to the end of its flow: long enough for a probe of every node in between. */
const FLOW_MS = 2_000;
/** A promotion takes about a tenth of that, a standby that only reconnects a little longer. */
const ALARM_MS = 3_000;

/** @param probe has every node probed now, without waiting for it */
export function createWriteWatch(clock: Clock, probe: () => void): WriteWatch {
  let wroteAtMs = Number.NEGATIVE_INFINITY;
  let alarmedAtMs = Number.NEGATIVE_INFINITY;
  let node = -1;
  let known = 0;

  return {
    wrote: () => {
      const nowMs = clock.now();
      const isFirst = nowMs - wroteAtMs > FLOW_MS;
      wroteAtMs = nowMs;
      if (isFirst) probe();
    },
    attached: (index, senders) => {
      if (senders === undefined) return;
      const isDrop = index === node && senders < known;
      node = index;
      known = senders;
      if (!isDrop) return;
      alarmedAtMs = clock.now();
      probe();
    },
    isWriting: () => clock.now() - wroteAtMs <= FLOW_MS,
    isAlarmed: () => clock.now() - alarmedAtMs <= ALARM_MS,
  };
}
