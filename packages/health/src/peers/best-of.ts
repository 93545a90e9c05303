import type { Epoch, EpochVoid, Fork, RegionState } from '@regionkit/core';
import type { Relative } from '../verdict/guard.ts';
import type { RegionDocument } from './document.ts';

/** The last document of one process, and when it was requested. The document describes a state not older than that. */
export interface ProcessDocument {
  readonly document: RegionDocument;
  readonly observedAtMs: number;
}

/** What a region reports about its abilities and its primary. */
export type RegionWord = Pick<RegionDocument, 'accept' | 'reads' | 'writes'> &
  Pick<RegionState, 'primary' | 'measured' | 'measuredEpoch' | 'acceptedForMs' | 'observedAtMs'>;

/**
 * Combines the documents of a region's processes into the best state: the balancer in front of them sends a request to
 * a process that can serve it, and a process that was just started knows less than the others.
 *
 * @param documents at least one document of one region, the newest first, one for each process, none too old
 */
export function bestOf(documents: readonly [ProcessDocument, ...ProcessDocument[]]): RegionWord {
  const { accept, reads, writes } = bestVerdict(documents.map(({ document }) => document));
  const claim = primaryClaim(documents);
  const measuredEpoch = highestOf(documents.map(({ document }) => document.database?.measuredEpoch));
  const measured = documents.map(({ document }) => document.database?.measured);
  const acceptedForMs = Math.max(...documents.map(({ document }) => document.database?.acceptedForMs ?? -1));
  return {
    accept,
    reads,
    writes,
    // A claim is as old as its document, even if newer documents contain other facts.
    observedAtMs: (claim ?? documents[0]).observedAtMs,
    ...(claim !== undefined && { primary: claim.primary }),
    ...(measured.some((one) => one !== undefined) && { measured: measured.includes(true) }),
    ...(measuredEpoch !== undefined && { measuredEpoch }),
    ...(acceptedForMs >= 0 && { acceptedForMs }),
  };
}

const BEST_FIRST = {
  accept: ['yes', 'draining', 'no'],
  reads: ['pass', 'warn', 'unknown', 'fail'],
  writes: ['pass', 'warn', 'unknown', 'fail'],
} as const;

/**
 * The verdict of one process. Never a mixture: reads of one process and writes of another is something that no process
 * can do.
 */
function bestVerdict(documents: readonly RegionDocument[]): RegionDocument {
  return documents.reduce((best, other) => (rank(other) < rank(best) ? other : best));
}

function rank({ accept, reads, writes }: RegionDocument): number {
  return (
    (reads === 'fail' ? 32 : 0) +
    16 * BEST_FIRST.accept.indexOf(accept) +
    4 * BEST_FIRST.reads.indexOf(reads) +
    BEST_FIRST.writes.indexOf(writes)
  );
}

interface Claim {
  readonly primary: NonNullable<RegionState['primary']>;
  readonly observedAtMs: number;
}

/**
 * The newest claim to be the primary. It holds until the process that made it withdraws it, it is too old, or a process
 * of the region knows a higher timeline. If another process is not sure, that does not contradict it.
 */
function primaryClaim(documents: readonly ProcessDocument[]): Claim | undefined {
  let best: Claim | undefined;
  for (const { document, observedAtMs } of documents) {
    const { role, epoch, position } = document.database ?? {};
    if (role !== 'primary' || epoch === undefined || position === undefined) continue;
    if (best === undefined || outdates(epoch, best.primary.epoch))
      best = { primary: { epoch, position }, observedAtMs };
  }
  const { epoch } = best?.primary ?? {};
  if (epoch === undefined) return undefined;
  return documents.some(({ document }) => outdates(document.database?.highest, epoch)) ? undefined : best;
}

function highestOf(epochs: readonly (Epoch | undefined)[]): Epoch | undefined {
  let highest: Epoch | undefined;
  for (const epoch of epochs) {
    if (epoch !== undefined && (highest === undefined || outdates(epoch, highest))) highest = epoch;
  }
  return highest;
}

function outdates(one: Epoch | undefined, other: Epoch): boolean {
  return one !== undefined && one.system === other.system && one.timeline > other.timeline;
}

/** What fences a primary: every fork, and the highest epoch, that a process of the region knows. */
export function knownHistory(documents: readonly ProcessDocument[]): Pick<RegionState, 'forks' | 'highest' | 'voids'> {
  const forks = new Map<string, Fork>();
  const voids = new Map<string, EpochVoid>();
  let hasReport = false;
  for (const { document } of documents) {
    const { database } = document;
    if (database === undefined) continue;
    hasReport = true;
    for (const told of database.voids ?? []) if (!voids.has(told.id)) voids.set(told.id, told);
    for (const fork of database.forks) {
      const key = `${fork.system}/${fork.child}`;
      if (!forks.has(key)) forks.set(key, fork);
    }
  }
  const highest = highestOf(documents.map(({ document }) => document.database?.highest ?? document.database?.epoch));
  return {
    ...(hasReport && { forks: [...forks.values()] }),
    ...(highest !== undefined && { highest }),
    ...(voids.size > 0 && { voids: [...voids.values()] }),
  };
}

/** The strongest request to leave of any process, and whether every process would serve. The guard uses the worst. */
export function worstOf(documents: readonly ProcessDocument[]): {
  readonly relative: Relative;
  readonly served: boolean;
} {
  const leaving = documents.map(({ document }) => LEAVING.indexOf(document.relative));
  return {
    relative: LEAVING[Math.max(0, ...leaving)] ?? 'in',
    served:
      documents.length > 0 &&
      documents.every(({ document: { accept, reads } }) => accept === 'yes' && (reads === 'pass' || reads === 'warn')),
  };
}

const LEAVING: readonly Relative[] = ['in', 'asking', 'out'];
