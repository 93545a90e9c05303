import type { DoorSilence, Fleet, NodeState, ProcessState, RegionDoor } from './fleet.ts';

/** A report that is older than this no longer counts as what the process knows now. */
const SILENT_AFTER_MS = 5_000;

export const isSpeaking = ({ isGone, silentMs }: ProcessState): boolean =>
  isGone !== true && silentMs < SILENT_AFTER_MS;

/** The processes that speak, of all regions. */
export function speaking({ regions }: Fleet): readonly ProcessState[] {
  return regions.flatMap(({ processes }) => processes.filter(isSpeaking));
}

/** Why no process of a region answers now. Undefined if one answers. */
export const silenceOf = ({ why, processes }: RegionDoor): DoorSilence | undefined =>
  processes.some(isSpeaking) ? undefined : why;

/** A server that follows a primary, also one that is far behind. */
export const isStandby = ({ state }: NodeState): boolean => ['replica', 'stale', 'old-timeline'].includes(state);

/** A node, as the most credible process reports it. */
export interface SeenNode extends NodeState {
  /** Other states that processes report for it now. */
  readonly disagreed: readonly string[];
}

/**
 * Every node that an answering process names, in the order of its id. The state comes from the process that knows the highest
 * timeline, then from one of the node's own region, which is the nearest. Pure.
 */
export function nodesOf(fleet: Fleet): readonly SeenNode[] {
  const found = new Map<string, { process: ProcessState; node: NodeState; states: Set<string> }>();
  for (const process of speaking(fleet)) {
    for (const node of process.nodes) {
      const before = found.get(node.id);
      const states = (before?.states ?? new Set()).add(node.state);
      const isBetter = before === undefined || rank(process, node) > rank(before.process, node);
      found.set(node.id, isBetter ? { process, node, states } : { ...before, states });
    }
  }
  return [...found.values()]
    .map(({ node, states }) => ({ ...node, disagreed: [...states].filter((state) => state !== node.state) }))
    .toSorted((left, right) => (left.id < right.id ? -1 : 1));
}

function rank({ highest = 0, region }: ProcessState, node: NodeState): number {
  return 2 * highest + (region === node.region ? 1 : 0);
}
