import type { Clock } from '@regionkit/core/kit';
import { createLiveTopology, type LiveTopology } from '../../src/topology/live-topology.ts';
import { NODES, RULES } from './model.ts';

/** A live topology of the model's nodes, seen from `us`, without a listener for its events. */
export function liveTopology(clock: Clock): LiveTopology {
  return createLiveTopology({
    nodes: NODES,
    rules: RULES,
    clock,
    hasStore: false,
    emit: () => {},
    onChange: () => {},
  });
}
