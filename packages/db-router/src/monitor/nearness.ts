import type { Notices } from '@regionkit/core/kit';

/** Enough answers that the machine was idle during at least one of them: only the fastest answer of each node counts. */
const ANSWERS = 10;
/** A round trip between two regions takes longer than this, and one within a region takes less. */
const FAR_MS = 10;

/** Takes how long a node took to answer a probe. */
export type Nearness = (index: number, tookMs: number) => void;

/**
 * Warns once, after the first probes, if a database of another region answers much faster than every database of this one.
 * The URLs of the pools are then probably swapped. Nothing else shows that: with the same mistake in every region all of them
 * agree on the primary, and each of them reads from the other side of the world.
 */
export function createNearness(
  self: string,
  nodes: readonly { readonly id: string; readonly region: string }[],
  notice: Notices,
): Nearness {
  const answers = nodes.map(() => 0);
  const fastest = nodes.map(() => Number.POSITIVE_INFINITY);
  return (index, tookMs) => {
    if ((answers[index] as number) >= ANSWERS) return;
    answers[index] = (answers[index] as number) + 1;
    fastest[index] = Math.min(fastest[index] as number, tookMs);
    if (answers[index] !== ANSWERS) return;
    const known = nodes.map((_, at) => at).filter((at) => answers[at] === ANSWERS);
    const nearest = (isOwn: boolean): number | undefined =>
      known
        .filter((at) => (nodes[at]?.region === self) === isOwn)
        .sort((one, other) => (fastest[one] as number) - (fastest[other] as number))[0];
    const [own, other] = [nearest(true), nearest(false)];
    if (own === undefined || other === undefined) return;
    const [ownMs, otherMs] = [fastest[own] as number, fastest[other] as number];
    if (ownMs <= 2 * otherMs + FAR_MS) return;
    notice(
      'REGIONKIT_POOLS_SWAPPED',
      `createRegionRouter: pools: ${nodes[other]?.id} answers in ${Math.ceil(otherMs)} ms and ${nodes[own]?.id}, of this region, in ${Math.ceil(ownMs)} ms: their URLs may be swapped`,
    );
  };
}
