import type { Epoch, Fork, RegionState } from '@regionkit/core';
import type { Relative } from '../verdict/guard.ts';
import type { RegionDocument } from './document.ts';

/** One process's last document, and when it was asked for: it says how things were no earlier than this. */
export interface ProcessDocument {
  readonly document: RegionDocument;
  readonly observedAtMs: number;
}

/** What a region says of what it can do, and of its primary. */
export type RegionWord = Pick<RegionDocument, 'accept' | 'reads' | 'writes'> &
  Pick<RegionState, 'primary' | 'measured' | 'measuredEpoch' | 'acceptedForMs' | 'observedAtMs'>;

/**
 * A region of several processes is the best that they say: the balancer in front of them sends a request to one that can
 * serve it, and a process that has just been started knows less than the others.
 *
 * @param documents of one region, the newest first, one for each process, none too old to be believed; at least one
 */
export function bestOf(documents: readonly [ProcessDocument, ...ProcessDocument[]]): RegionWord {
  const { accept, reads, writes } = bestVerdict(documents.map(({ document }) => document));
  const claim = primaryClaim(documents);
  const measuredEpoch = highestOf(documents.map(({ document }) => document.database?.measuredEpoch));
  const acceptedForMs = Math.max(...documents.map(({ document }) => document.database?.acceptedForMs ?? -1));
  return {
    accept,
    reads,
    writes,
    // A claim is as old as its document, whatever newer ones say of other things.
    observedAtMs: (claim ?? documents[0]).observedAtMs,
    ...(claim !== undefined && { primary: claim.primary }),
    ...(documents.some(({ document }) => document.database?.measured === true) && { measured: true }),
    ...(measuredEpoch !== undefined && { measuredEpoch }),
    ...(acceptedForMs >= 0 && { acceptedForMs }),
  };
}

const BEST_FIRST = {
  accept: ['yes', 'draining', 'no'],
  reads: ['pass', 'warn', 'unknown', 'fail'],
  writes: ['pass', 'warn', 'unknown', 'fail'],
} as const;

/** The verdict of one process, never a mixture: reads of one and writes of another is what no process can do. */
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
 * The newest claim to be the primary. It stands until the process that made it takes it back, it is too old, or a
 * process of the region knows a higher timeline. That another process is not sure says nothing against it.
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
export function knownHistory(documents: readonly ProcessDocument[]): Pick<RegionState, 'forks' | 'highest'> {
  const forks = new Map<string, Fork>();
  let hasReport = false;
  for (const { document } of documents) {
    const { database } = document;
    if (database === undefined) continue;
    hasReport = true;
    for (const fork of database.forks) {
      const key = `${fork.system}/${fork.child}`;
      if (!forks.has(key)) forks.set(key, fork);
    }
  }
  const highest = highestOf(documents.map(({ document }) => document.database?.highest ?? document.database?.epoch));
  return { ...(hasReport && { forks: [...forks.values()] }), ...(highest !== undefined && { highest }) };
}

/** The most any process says that it leaves, and whether each would be served: the guard relies on the worst. */
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
