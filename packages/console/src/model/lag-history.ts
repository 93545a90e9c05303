import { isStandby, type SeenNode } from './nodes.ts';

/** The lag of a node at one moment. `undefined`: it was not known. */
export interface LagSample {
  readonly atMs: number;
  readonly lagMs: number | undefined;
}

export type LagHistory = ReadonlyMap<string, readonly LagSample[]>;

/** How far back the plot goes. */
export const SPAN_MS = 120_000;
/** Samples that are closer in time replace each other. */
const APART_MS = 500;

/** The history with one sample of each node. What is older than the plot is dropped, and so is a node without samples. Pure. */
export function takeSamples(history: LagHistory, nodes: readonly SeenNode[], atMs: number): LagHistory {
  const next = new Map<string, readonly LagSample[]>();
  for (const id of new Set([...history.keys(), ...nodes.map((node) => node.id)])) {
    const node = nodes.find((each) => each.id === id);
    const before = (history.get(id) ?? []).filter((sample) => sample.atMs > atMs - SPAN_MS && sample.atMs <= atMs);
    const [earlier, last] = [before.at(-2), before.at(-1)];
    // The newest sample is always there. It is replaced by the next one if it is too close to the one before it.
    const isClose = earlier !== undefined && last !== undefined && last.atMs - earlier.atMs < APART_MS;
    const kept = isClose ? before.slice(0, -1) : before;
    const samples = node === undefined ? kept : [...kept, { atMs, lagMs: lagOf(node) }];
    if (samples.length > 0) next.set(id, samples);
  }
  return next;
}

/** A primary is not behind itself. */
function lagOf(node: SeenNode): number | undefined {
  return node.state === 'primary' ? 0 : isStandby(node) ? node.lagMs : undefined;
}
