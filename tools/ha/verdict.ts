/** One write of a client of the drill, as the client saw it. Times on `performance.now()`. */
export interface Write {
  readonly ref: string;
  readonly sentMs: number;
  readonly endedMs: number;
  /** What the client was told. `none` is an error that says nothing. */
  readonly outcome: 'acknowledged' | 'not-sent' | 'rolled-back' | 'unknown' | 'rejected' | 'none';
  readonly code?: string | undefined;
}

/** One drill: what was done, between two moments. */
export interface Played {
  readonly name: string;
  /** A planned one may lose nothing. */
  readonly planned: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  /** Why it did not end as it must, if it did not. */
  readonly stuck?: string | undefined;
}

export interface Count {
  readonly drill: string;
  readonly acknowledged: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly refusedButPresent: number;
  readonly unknown: number;
  readonly unknownPresent: number;
  readonly missedOwn: number;
  /** The longest time without an acknowledged write. */
  readonly longestGapMs: number;
  /** What broke a promise; empty when all held. */
  readonly broken: readonly string[];
}

/** Counts what became of the writes of one drill against what the primary holds at the end. */
export function judge(
  { name, planned, fromMs, toMs, stuck }: Played,
  all: readonly Write[],
  missed: readonly string[],
  copies: ReadonlyMap<string, number>,
): Count {
  const writes = all.filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs);
  const of = (...outcomes: Write['outcome'][]): Write[] => writes.filter(({ outcome }) => outcomes.includes(outcome));
  const present = ({ ref }: Write): boolean => copies.has(ref);
  const acknowledged = of('acknowledged');
  const lost = acknowledged.filter((write) => !present(write));
  const lostRefs = new Set(lost.map(({ ref }) => ref));
  const mine = new Set(acknowledged.map(({ ref }) => ref));
  const refused = of('not-sent', 'rolled-back', 'rejected');
  const unknown = of('unknown');
  const count = {
    drill: name,
    acknowledged: acknowledged.length,
    lost: lost.length,
    duplicates: writes.filter(({ ref }) => (copies.get(ref) ?? 0) > 1).length,
    refused: refused.length,
    refusedButPresent: refused.filter(present).length,
    unknown: unknown.length,
    unknownPresent: unknown.filter(present).length,
    missedOwn: missed.filter((ref) => mine.has(ref) && !lostRefs.has(ref)).length,
    longestGapMs: longestGap(acknowledged, fromMs, toMs),
  };
  const broken = [
    ...(stuck === undefined ? [] : [stuck]),
    ...(count.duplicates > 0 ? [`${count.duplicates} writes are there twice`] : []),
    ...(count.refusedButPresent > 0 ? [`${count.refusedButPresent} writes are there although they were refused`] : []),
    ...(of('none').length > 0 ? [`${of('none').length} errors do not say what became of the write`] : []),
    ...(count.missedOwn > 0 ? [`${count.missedOwn} reads missed the write before them`] : []),
    ...(planned && count.lost > 0 ? [`${count.lost} acknowledged writes are lost in a planned switchover`] : []),
    ...(acknowledged.length === 0 ? ['no write was acknowledged'] : []),
  ];
  return { ...count, broken };
}

function longestGap(acknowledged: readonly Write[], fromMs: number, toMs: number): number {
  const ends = [...acknowledged.map(({ endedMs }) => endedMs), toMs].toSorted((left, right) => left - right);
  let gap = 0;
  let before = fromMs;
  for (const end of ends) {
    gap = Math.max(gap, end - before);
    before = end;
  }
  return Math.round(gap);
}
