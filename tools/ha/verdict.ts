/** One write of a client of the drill, as the client saw it. Times on `performance.now()`. */
export interface Write {
  readonly ref: string;
  readonly sentMs: number;
  readonly endedMs: number;
  /** What the client was told. `none` is an error that says nothing. */
  readonly outcome: 'acknowledged' | 'not-sent' | 'rolled-back' | 'unknown' | 'rejected' | 'none';
  readonly code?: string | undefined;
}

/** What the router said of who is primary, since the load began. */
export interface Told {
  readonly atMs: number;
  readonly event: 'primary' | 'twin-primaries' | 'epoch-regressed';
  /** The one of the primary, or the one that the cluster was taken back to. */
  readonly timeline: number;
}

/** A read of a client that returned its token and missed its own write. */
export interface Missed {
  readonly ref: string;
  /** When the answer came. */
  readonly atMs: number;
}

/** One drill: what was done, between two moments. */
export interface Played {
  readonly name: string;
  /** A planned one may lose nothing. */
  readonly planned: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  /** When another node than the primary took writes, asked past the router. */
  readonly promotedMs?: number | undefined;
  /** Why it did not end as it must, if it did not. */
  readonly stuck?: string | undefined;
}

export interface Count {
  readonly drill: string;
  readonly acknowledged: number;
  readonly lost: number;
  /** Of these: sent when another node took writes already. Those before had not reached it when it let go. */
  readonly lostAfterPromotion: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly refusedButPresent: number;
  readonly unknown: number;
  readonly unknownPresent: number;
  readonly missedOwn: number;
  /** The longest time without an acknowledged write. */
  readonly longestGapMs: number;
  /** The longest time that an acknowledged write took. */
  readonly longestWriteMs: number;
  /** From the start of the drill to the promotion: the manager's own time. */
  readonly promotedAfterMs: number | undefined;
  /** From the promotion until the router knew it: from then on no write goes to the old primary. */
  readonly knownAfterMs: number | undefined;
  /** The manager took the cluster back to an older timeline. */
  readonly regressed: boolean;
  /** What broke a promise; empty when all held. */
  readonly broken: readonly string[];
}

/** Counts what became of the writes of one drill against what the primary holds at the end. */
export function judge(
  { name, planned, fromMs, toMs, promotedMs, stuck }: Played,
  { writes: all, missed, told }: { writes: readonly Write[]; missed: readonly Missed[]; told: readonly Told[] },
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
  const before = told.filter(({ atMs }) => atMs < toMs);
  const during = before.filter(({ atMs }) => atMs >= fromMs);
  const knownMs = knownSince(before);
  const primaries = before.filter(({ event }) => event === 'primary');
  const was = primaries.findLast(({ atMs }) => atMs < fromMs);
  const next = primaries.find(({ atMs, timeline }) => atMs >= fromMs && timeline > (was?.timeline ?? 0));
  const back = during.find(({ event }) => event === 'epoch-regressed');
  /** On the newer timeline it was lost, until the cluster was taken back to the one that has it. */
  const wasLost = (atMs: number): boolean =>
    back !== undefined && next !== undefined && atMs > next.atMs && atMs < back.atMs;
  const count = {
    drill: name,
    acknowledged: acknowledged.length,
    lost: lost.length,
    lostAfterPromotion: lost.filter(({ sentMs }) => sentMs > (promotedMs ?? Number.POSITIVE_INFINITY)).length,
    duplicates: writes.filter(({ ref }) => (copies.get(ref) ?? 0) > 1).length,
    refused: refused.length,
    refusedButPresent: refused.filter(present).length,
    unknown: unknown.length,
    unknownPresent: unknown.filter(present).length,
    missedOwn: missed.filter(({ ref, atMs }) => mine.has(ref) && !lostRefs.has(ref) && !wasLost(atMs)).length,
    longestGapMs: longestGap(acknowledged, fromMs, toMs),
    longestWriteMs: Math.round(Math.max(0, ...acknowledged.map(({ sentMs, endedMs }) => endedMs - sentMs))),
    promotedAfterMs: promotedMs === undefined ? undefined : Math.round(promotedMs - fromMs),
    knownAfterMs:
      promotedMs === undefined || next === undefined ? undefined : Math.round(Math.max(0, next.atMs - promotedMs)),
    regressed: back !== undefined,
  };
  const lostLate = lost.filter(({ sentMs }) => sentMs > knownMs).length;
  const broken = [
    ...(stuck === undefined ? [] : [stuck]),
    ...(count.duplicates > 0 ? [`${count.duplicates} writes are there twice`] : []),
    ...(count.refusedButPresent > 0 ? [`${count.refusedButPresent} writes are there although they were refused`] : []),
    ...(of('none').length > 0 ? [`${of('none').length} errors do not say what became of the write`] : []),
    ...(count.missedOwn > 0 ? [`${count.missedOwn} reads missed the write before them`] : []),
    ...(planned && count.lost > 0 ? [`${count.lost} acknowledged writes are lost in a planned switchover`] : []),
    // Of a cluster that did not recover, the manager's primary may be another than the one that the router knew.
    ...(stuck === undefined && lostLate > 0
      ? [`${lostLate} acknowledged writes are lost that were sent to the primary known last`]
      : []),
    ...(during.some(({ event }) => event === 'twin-primaries') ? ['the router saw twins where there were none'] : []),
    ...(acknowledged.length === 0 ? ['no write was acknowledged'] : []),
  ];
  return { ...count, broken };
}

/** Since when the primary that was told of last was known, unless its timeline was given up and taken again. */
function knownSince(told: readonly Told[]): number {
  const regressed = told.findLastIndex(({ event }) => event === 'epoch-regressed');
  const primaries = told.slice(regressed + 1).filter(({ event }) => event === 'primary');
  const last = primaries.at(-1)?.timeline;
  return primaries.find(({ timeline }) => timeline === last)?.atMs ?? Number.POSITIVE_INFINITY;
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
