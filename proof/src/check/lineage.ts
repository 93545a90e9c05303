import { createHash } from 'node:crypto';
import type { EndEntry, FaultEntry, ForkPoint, PromotionNote } from '../history/entries.ts';
import { lsnToDecimal } from '../history/position.ts';

/** Where the history that is in force at the end left one timeline. */
export interface Departure {
  readonly child: number;
  readonly lsn: bigint;
  readonly how: 'failover' | 'switchover' | 'twins';
}

/** Which timelines are part of the history in force at the end, as the operator's own notes say. */
export interface Lineage {
  /** Undefined for the last timeline, and for one that is not in it. */
  departureFrom(timeline: number): Departure | undefined;
  /** Two were promoted at once: some timelines then have two histories. */
  readonly hadTwins: boolean;
  /** Whether one of these owners, as tokens name them, is the twin of that timeline that was not kept. */
  isOtherTwin(timeline: number, owners: readonly string[]): boolean;
}

export function lineageOf(faults: readonly FaultEntry[], end: EndEntry): Lineage {
  const promotions: (PromotionNote & { readonly how: Departure['how'] })[] = [];
  const others = new Map<number, string>();
  for (const { fault, promotions: made = [] } of faults) {
    if (fault.kind !== 'failover' && fault.kind !== 'switchover' && fault.kind !== 'twins') continue;
    for (const promotion of made) {
      // The other twin is no part of what goes on.
      if (fault.kind === 'twins' && promotion.region !== fault.keep)
        others.set(promotion.timeline, ownerOf(promotion.region));
      else promotions.push({ ...promotion, how: fault.kind });
    }
  }
  const departures = new Map<number, Departure>();
  for (let timeline = end.timeline; timeline > 1; ) {
    const promotion = promotions.findLast((made) => made.timeline === timeline);
    if (promotion === undefined) break;
    departures.set(promotion.parent, {
      child: timeline,
      lsn: BigInt(lsnToDecimal(promotion.fork)),
      how: promotion.how,
    });
    timeline = promotion.parent;
  }
  return {
    departureFrom: (timeline) => departures.get(timeline),
    hadTwins: promotions.some(({ how }) => how === 'twins'),
    isOtherTwin: (timeline, owners) => owners.some((owner) => owner === others.get(timeline)),
  };
}

/** As a token names it: the region's only node, hashed. */
function ownerOf(region: string): string {
  return createHash('sha256').update(`${region}/0`).digest('hex').slice(0, 8);
}

/** Where the history that ends in `to` left `from`, by these forks; undefined when one on the way is not among them. */
export function leftAt(forks: readonly ForkPoint[], from: number, to: number): bigint | undefined {
  for (let at = to; at > from; ) {
    const fork = forks.find(({ child }) => child === at);
    if (fork === undefined) return undefined;
    if (fork.parent === from) return BigInt(fork.lsn);
    at = fork.parent;
  }
  return undefined;
}
