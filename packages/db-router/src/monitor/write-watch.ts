import type { Clock } from '@regionkit/core/kit';

/**
 * A standby may be promoted beside a living primary while there are writes. Every write that the old primary then
 * acknowledges is lost. The writes themselves show this at no cost: the answer after a write contains the number of
 * connected standbys, and a promoted standby disconnects.
 */
export interface WriteWatch {
  /** A write will be sent. The first after a pause triggers a probe of the other nodes. */
  wrote(): void;
  /** The answer after a write: how many standbys are connected to the node. Undefined if it does not contain that. */
  attached(index: number, senders: number | undefined): void;
  /**
   * The region of the primary does not answer. If it is lost, a standby may be promoted at any moment, and no report of
   * that region tells it.
   */
  unreached(): void;
  /** Whether there are writes. The other nodes are then probed every second. */
  isWriting(): boolean;
  /**
   * Whether a standby disconnected, or the region of the primary did not answer, a moment ago. The other nodes
   * are then probed as often as while a primary is missing.
   */
  isAlarmed(): boolean;
}

/** How long a write keeps this state. It is long enough for a probe of every node. */
const FLOW_MS = 2_000;
/** A promotion takes about a tenth of this, and a standby that only reconnects a little longer. */
const ALARM_MS = 3_000;

/** @param probe starts a probe of every node, without waiting for it */
export function createWriteWatch(clock: Clock, probe: () => void): WriteWatch {
  let wroteAtMs = Number.NEGATIVE_INFINITY;
  let alarmedAtMs = Number.NEGATIVE_INFINITY;
  let node = -1;
  let known = 0;
  const isAlarmed = (): boolean => clock.now() - alarmedAtMs <= ALARM_MS;

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
    unreached: () => {
      const isFirst = !isAlarmed();
      alarmedAtMs = clock.now();
      // While it lasts, the pace of an alarm is enough: many forwards may fail in a moment.
      if (isFirst) probe();
    },
    isWriting: () => clock.now() - wroteAtMs <= FLOW_MS,
    isAlarmed,
  };
}
