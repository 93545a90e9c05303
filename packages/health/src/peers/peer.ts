import { type ProcessPause, type Region, type RegionState, type Sibling, unknownRegion } from '@regionkit/core';
import type { Neighbour } from '../verdict/guard.ts';
import { bestOf, knownHistory, type ProcessDocument, worstOf } from './best-of.ts';
import type { Malformed, RegionDocument } from './document.ts';
import type { QuestionRefusal } from './question.ts';
import type { Unanswered } from './transport.ts';

/** How one request to another region ended. The set is closed, for labels of metrics. */
export type PeerReason = 'ok' | 'wrong-region' | Unanswered | Malformed | Exclude<QuestionRefusal, 'bad-signature'>;

/** What is remembered of another region. */
export interface PeerMemory {
  /** The last valid documents, the newest first, one for each of its processes. */
  readonly documents: readonly ProcessDocument[];
  /** When it was first asked, or last forgotten. A silence counts from then. */
  readonly sinceMs: number;
}

export interface PeerTimes {
  readonly unknownAfterMs: number;
  readonly downAfterMs: number;
}

/** More processes than answer while a document counts. A region that lies cannot fill the memory. */
const MAX_PROCESSES = 32;

export function freshMemory(nowMs: number): PeerMemory {
  return { documents: [], sinceMs: nowMs };
}

/** The memory after one more document, which was requested at `observedAtMs`. */
export function remember(
  memory: PeerMemory,
  document: RegionDocument,
  observedAtMs: number,
  { unknownAfterMs }: PeerTimes,
): PeerMemory {
  const others = memory.documents.filter(
    (known) => known.document.process !== document.process && observedAtMs - known.observedAtMs <= unknownAfterMs,
  );
  return { ...memory, documents: [{ document, observedAtMs }, ...others].slice(0, MAX_PROCESSES) };
}

/** Nothing that was reported counts any more, except what fences. */
export function forgotten({ documents }: PeerMemory, nowMs: number): PeerMemory {
  return {
    documents: documents.map(({ document }) => ({ document, observedAtMs: Number.NEGATIVE_INFINITY })),
    sinceMs: nowMs,
  };
}

function believed({ documents }: PeerMemory, nowMs: number, { unknownAfterMs }: PeerTimes): readonly ProcessDocument[] {
  return documents.filter(({ observedAtMs }) => nowMs - observedAtMs <= unknownAfterMs);
}

function heardAtMs({ documents }: PeerMemory): number {
  return documents[0]?.observedAtMs ?? Number.NEGATIVE_INFINITY;
}

/**
 * What is known of a region now: the state from its documents while they are recent, then unknown, then down. Its forks
 * and its highest epoch do not expire, because knowledge that fences a primary must not vanish with its source.
 */
export function peerState<Name extends string>(
  region: Region<Name>,
  memory: PeerMemory,
  nowMs: number,
  times: PeerTimes,
): RegionState<Name> {
  const [newest, ...others] = believed(memory, nowMs, times);
  if (newest !== undefined) {
    return {
      name: region.name,
      origin: region.origin,
      identified: true,
      ...bestOf([newest, ...others]),
      ...knownHistory(memory.documents),
      ...pausesOf([newest, ...others]),
    };
  }
  const silenceMs = nowMs - Math.max(heardAtMs(memory), memory.sinceMs);
  const down = silenceMs > times.downAfterMs;
  return {
    ...unknownRegion(region),
    ...(down && { reads: 'fail', writes: 'fail', accept: 'no' }),
    observedAtMs: heardAtMs(memory),
    ...knownHistory(memory.documents),
  };
}

/** The pause as each process reports it, if at least one of them knows of one. */
function pausesOf(documents: readonly ProcessDocument[]): Pick<RegionState, 'pauses'> {
  if (documents.every(({ document }) => document.database?.pause === undefined)) return NO_PAUSES;
  const pauses = documents.map(({ document: { process = '', database }, observedAtMs }): ProcessPause => {
    const { pause } = database ?? {};
    return { process, observedAtMs, ...(pause !== undefined && { pause }) };
  });
  return { pauses };
}

const NO_PAUSES = {};

/** The processes of a region whose word is young enough to be believed, each with its own. */
export function siblings(memory: PeerMemory, nowMs: number, times: PeerTimes): readonly Sibling[] {
  return believed(memory, nowMs, times).flatMap(({ document: { process, database }, observedAtMs }) =>
    process === undefined || database === undefined ? [] : [{ process, database, observedAtMs }],
  );
}

/** The same region in the form that the mass-ejection guard uses. */
export function neighbour(name: string, memory: PeerMemory, nowMs: number, times: PeerTimes): Neighbour {
  return { name, ...worstOf(believed(memory, nowMs, times)), observedAtMs: heardAtMs(memory) };
}
