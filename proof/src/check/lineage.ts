import { createHash } from 'node:crypto';
import type { EndEntry, FaultEntry, ForkPoint, Position, PromotionNote } from '../history/entries.ts';
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
  /** Whether an operator had begun by then to leave it, or to promote two to it: nothing on it was lost before. */
  wasLeftBy(timeline: number, atMs: number): boolean;
  /** Whether a promotion that had begun by then left this position behind. A switchover leaves none. */
  isLeftBehind(position: Position, byMs: number): boolean;
  /** Whether the history of `timeline` has what was written at this place. Undefined: it is not known. */
  includes(timeline: number, place: { readonly timeline: number; readonly lsn: string }): boolean | undefined;
  /** Whether one of these owners, as tokens name them, is the twin of that timeline that was not kept. */
  isOtherTwin(timeline: number, owners: readonly string[]): boolean;
}

interface Note extends PromotionNote {
  readonly how: Departure['how'];
  readonly startMs: number;
  /** It is the twin that was not kept: no part of what goes on. */
  readonly isOther: boolean;
}

export function lineageOf(faults: readonly FaultEntry[], end: EndEntry): Lineage {
  const notes = faults.flatMap(notesOf);
  const departures = new Map<number, Departure>();
  for (let timeline = end.timeline; timeline > 1; ) {
    const note = notes.findLast((made) => made.timeline === timeline && !made.isOther);
    if (note === undefined) break;
    departures.set(note.parent, { child: timeline, lsn: forkOf(note), how: note.how });
    timeline = note.parent;
  }
  const isOtherTwin = (timeline: number, owners: readonly string[]): boolean =>
    notes.some((note) => note.isOther && note.timeline === timeline && owners.includes(ownerOf(note.region)));
  return {
    departureFrom: (timeline) => departures.get(timeline),
    wasLeftBy: (timeline, atMs) => {
      const left = notes.find(
        (note) => note.parent === timeline || (note.how === 'twins' && note.timeline === timeline),
      );
      return left !== undefined && left.startMs <= atMs;
    },
    isLeftBehind: ({ timeline, owner, lsn }, byMs) =>
      isOtherTwin(timeline, [owner]) ||
      notes.some(
        (note) =>
          note.startMs <= byMs && note.parent === timeline && note.how !== 'switchover' && BigInt(lsn) > forkOf(note),
      ),
    includes: (timeline, place) => {
      for (let at = timeline; at > place.timeline; ) {
        const made = notes.filter((note) => note.timeline === at || note.timeline === place.timeline);
        const [note, ...others] = made.filter((one) => one.timeline === at);
        // Two servers wrote a timeline of twins.
        if (note === undefined || others.length > 0 || made.some((one) => one.how === 'twins')) return undefined;
        if (note.parent === place.timeline) return BigInt(place.lsn) <= forkOf(note);
        if (note.parent < place.timeline) return false;
        at = note.parent;
      }
      return timeline === place.timeline ? true : undefined;
    },
    isOtherTwin,
  };
}

function notesOf({ fault, startMs, promotions = [] }: FaultEntry): readonly Note[] {
  const how = fault.kind === 'promote-beside' ? 'failover' : fault.kind;
  if (how !== 'failover' && how !== 'switchover' && how !== 'twins') return [];
  return promotions.map((promotion) => ({
    ...promotion,
    how,
    startMs,
    isOther: fault.kind === 'twins' && promotion.region !== fault.keep,
  }));
}

function forkOf({ fork }: PromotionNote): bigint {
  return BigInt(lsnToDecimal(fork));
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
