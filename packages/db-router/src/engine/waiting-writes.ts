import type { Events } from '@regionkit/core';
import type { PoolNode } from '../connection/node.ts';
import type { Counters } from '../counters.ts';
import type { RouterEvents } from '../events.ts';
import type { Unreachable } from '../monitor/unreachable.ts';
import type { Settings } from '../options.ts';
import type { UnderWay } from '../pause/under-way.ts';
import { createWritePauses, type WritePauses } from '../pause/write-pauses.ts';
import type { HoldEnd } from '../reasons.ts';
import { createHoldQueue, type HoldQueue } from '../routing/hold.ts';
import type { LiveTopology } from '../topology/live-topology.ts';
import { isStandby } from '../topology/topology.ts';
import { whoIsWhere } from './who-is-where.ts';

/** The writes that wait: for a primary (`hold`), or for the end of a pause (`pauses`). */
export interface WaitingWrites {
  readonly hold: HoldQueue;
  readonly pauses: WritePauses;
  /** How many wait. */
  waiting(): number;
}

export function createWaitingWrites(parts: {
  readonly settings: Settings;
  readonly nodes: readonly PoolNode[];
  readonly live: LiveTopology;
  readonly unreachable: Unreachable;
  readonly underWay: UnderWay;
  readonly counters: Counters;
  readonly emit: Events<RouterEvents>['emit'];
  /** The first write begins to wait for a primary. */
  onFirst(): void;
}): WaitingWrites {
  const { settings, nodes, live, unreachable, underWay, counters, emit } = parts;
  const { clock } = settings;
  const queue = {
    clock,
    nodes: () => whoIsWhere(live.topology),
    max: settings.hold.timeoutMs === 0 ? 0 : settings.hold.max,
    cause: () => unreachable.cause,
    onEnd: (heldMs: number, by: HoldEnd) => emit('hold-ended', { heldMs, by }),
  };
  const onHold = (waiting: number): void => {
    counters.held += 1;
    emit('hold', { waiting });
  };
  const hold = createHoldQueue({
    ...queue,
    isInVain: () => unreachable.isInVain,
    onHold: (waiting) => {
      if (waiting === 1) {
        parts.onFirst();
        connectStandbys(nodes, live);
      }
      onHold(waiting);
    },
  });
  const paused = createHoldQueue({ ...queue, isInVain: () => false, onHold });
  const pauses = createWritePauses({
    self: settings.regions.self,
    clock,
    topology: () => live.topology,
    underWay,
    hold: paused,
    emit,
  });
  return { hold, pauses, waiting: () => hold.size + paused.size };
}

/** One of the standbys will be promoted. Open connections now, so that the first write does not wait for one. */
function connectStandbys(nodes: readonly PoolNode[], live: LiveTopology): void {
  for (const { index, state } of live.topology.nodes) {
    const node = nodes[index];
    if (node === undefined || !isStandby(state) || node.pool.totalCount > 0) continue;
    node.acquire((_error, client) => {
      if (client !== undefined) node.release(client, false);
    });
  }
}
