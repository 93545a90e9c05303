import type { DatabaseReport, Epoch, EpochVoid, Fork, Sibling, Vouch } from '@regionkit/core';
import type { EpochSource } from '../events.ts';
import type { WritePolicy } from '../gate-seam.ts';
import type { Reading } from './readings.ts';
import type { Top } from './topology.ts';
import { ownerName, type Writer } from './writer.ts';

/** Everything that was learned, before it is judged. */
export interface Facts {
  /** The database that this process serves: the one of the first accepted primary. */
  readonly system: string | undefined;
  readonly accepted: boolean;
  /** It was accepted because a sibling was, and no node of its own was seen on the highest timeline since. */
  readonly vouched: boolean;
  readonly store: 'pending' | 'none' | 'loaded';
  /** What the process before this one vouched for, and until when that is valid. */
  readonly remembered: { readonly report: DatabaseReport; readonly untilMs: number } | undefined;
  /** A process that keeps a file acts on no higher timeline than this one: the file has it. */
  readonly syncedTimeline: number;
  /** One entry for each known database. */
  readonly tops: readonly Top[];
  readonly owners: readonly Epoch[];
  readonly forks: readonly Fork[];
  /** Epochs that an operator declared void, and when that was last. */
  readonly voided: readonly Epoch[];
  readonly resetAtMs: number;
  /** Voids that are reported to others: declared in this process (`own`), learned from another one (`taken`), or `ended`. */
  readonly voids: readonly KnownVoid[];
  /** Where the timeline that the reset kept was when it was measured first after it. */
  readonly kept: { readonly system: string; readonly timeline: number; readonly position: bigint } | undefined;
  /** Which servers write which timeline, and their names. */
  readonly writers: readonly Writer[];
  /** Which timeline a server followed when it was last seen as a standby, in any pool. */
  readonly followed: readonly Followed[];
  readonly nodes: readonly NodeFacts[];
  readonly documents: readonly DocumentFacts[];
  /** The other processes of this region, as they last reported. */
  readonly siblings: readonly Sibling[];
  /** What siblings that vouched knew to be written; without an owner where they measured it. */
  readonly written: readonly Epoch[];
  /** Regions that were asked for a document at least once, the own one too, whether they answered or not. */
  readonly asked: readonly string[];
  /** Where the primary in force was, and when. */
  readonly samples: { readonly epoch: string; readonly list: readonly Sample[] };
}

export interface KnownVoid extends EpochVoid {
  readonly state: 'own' | 'taken' | 'ended';
}

export interface NodeFacts {
  readonly index: number;
  readonly id: string;
  readonly region: string;
  /** When it last answered or failed to. */
  readonly triedAtMs: number;
  readonly reading: Reading | undefined;
  /** The server's name in documents and tokens. Empty if it has never answered. */
  readonly server: string;
  readonly readAtMs: number;
  readonly failures: number;
  /** Why it could not be probed last. Undefined if it answered. */
  readonly code: string | undefined;
  readonly rttMs: number;
  readonly generation: number;
  /** The best known timeline, 0: none, and whether it is more than a lower bound. */
  readonly timeline: number;
  readonly exact: boolean;
  readonly seen: { readonly timeline: number; readonly position: bigint } | undefined;
  /** Whether it was fresh when it was last judged against a known primary. */
  readonly fresh: boolean | undefined;
}

export interface Followed {
  readonly system: string;
  readonly server: string;
  readonly timeline: number;
  /** When it was first seen so, after the last reset. */
  readonly sinceMs: number;
}

export interface DocumentFacts {
  readonly region: string;
  readonly primary: { readonly epoch: Epoch; readonly position: bigint } | undefined;
  readonly highest: Epoch | undefined;
  /** Its own database has answered it. Otherwise `highest` may repeat other regions. */
  readonly measured: boolean;
  /** What a database showed it itself: no echo of another region. */
  readonly measuredEpoch: Epoch | undefined;
  readonly observedAtMs: number;
}

export interface Sample {
  readonly lsn: bigint;
  readonly atMs: number;
}

/** An input of the reducer. */
export type Input =
  | {
      readonly type: 'reading';
      readonly node: number;
      readonly reading: Reading;
      /** When the probe was sent. The answer is valid from then on. */
      readonly sentAtMs: number;
      readonly atMs: number;
    }
  | { readonly type: 'failed'; readonly node: number; readonly code: string; readonly atMs: number }
  | {
      readonly type: 'epoch';
      readonly epoch: Epoch;
      readonly from: EpochSource;
      /** Which region said so, where that is known. */
      readonly region?: string;
      readonly atMs: number;
    }
  | {
      readonly type: 'document';
      readonly region: string;
      readonly primary?: { readonly epoch: Epoch; readonly position: bigint };
      readonly forks?: readonly Fork[];
      readonly highest?: Epoch;
      readonly measured?: boolean;
      readonly measuredEpoch?: Epoch;
      readonly voids?: readonly EpochVoid[];
      readonly observedAtMs: number;
      readonly atMs: number;
    }
  | { readonly type: 'siblings'; readonly siblings: readonly Sibling[]; readonly atMs: number }
  | { readonly type: 'asked'; readonly region: string; readonly atMs: number }
  | { readonly type: 'store'; readonly stored: Stored | undefined; readonly atMs: number }
  | {
      readonly type: 'remembered';
      readonly stored: Stored | undefined;
      readonly untilMs: number;
      readonly atMs: number;
    }
  | { readonly type: 'synced'; readonly timeline: number; readonly atMs: number }
  | { readonly type: 'confirm'; readonly atMs: number }
  /** `id`: under which the void travels. Without it this process keeps it to itself. */
  | { readonly type: 'reset'; readonly id?: string; readonly atMs: number }
  | { readonly type: 'tick'; readonly atMs: number };

/** The content of the epoch store. */
export interface Stored {
  readonly epoch: Epoch;
  readonly owners: readonly Epoch[];
  readonly forks: readonly Fork[];
  readonly voided: readonly Epoch[];
  /** Only in the file of one process. */
  readonly vouches?: Vouch;
}

/** What does not change while the process runs. */
export interface Rules {
  readonly self: string;
  /** Every region of the map. */
  readonly regions: readonly string[];
  readonly maxLagMs: number;
  readonly maxViewAgeMs: number;
  readonly coldStart: 'confirm' | 'trust';
  readonly writes: WritePolicy;
  /** The view asks the other processes of this region too, and says when it has asked a region: one may know of a pause of the writes. */
  readonly asksSiblings: boolean;
}

/** The facts at the start. */
export function noFacts(nodes: readonly { readonly id: string; readonly region: string }[], store: boolean): Facts {
  return {
    system: undefined,
    accepted: false,
    vouched: false,
    store: store ? 'pending' : 'none',
    remembered: undefined,
    syncedTimeline: Number.POSITIVE_INFINITY,
    tops: [],
    owners: [],
    forks: [],
    voided: [],
    voids: [],
    resetAtMs: Number.NEGATIVE_INFINITY,
    kept: undefined,
    writers: [],
    followed: [],
    nodes: nodes.map(({ id, region }, index) => ({
      index,
      id,
      region,
      triedAtMs: Number.NEGATIVE_INFINITY,
      reading: undefined,
      server: '',
      readAtMs: Number.NEGATIVE_INFINITY,
      failures: 0,
      code: undefined,
      rttMs: Number.POSITIVE_INFINITY,
      generation: 0,
      timeline: 0,
      exact: false,
      seen: undefined,
      fresh: undefined,
    })),
    documents: [],
    siblings: [],
    written: [],
    asked: [],
    samples: { epoch: '', list: [] },
  };
}

/** Whether the node answered its last probe. */
export function isResponding(node: NodeFacts): node is NodeFacts & { readonly reading: Reading } {
  return node.reading !== undefined && node.failures === 0;
}

/** The epoch of a node that is out of recovery, as it reports it. Undefined otherwise. */
export function writtenEpoch(facts: Facts, node: NodeFacts): Epoch | undefined {
  if (!isResponding(node) || node.reading.inRecovery || node.reading.timeline === undefined) return undefined;
  const { server, id } = node;
  return knownEpoch(facts, { system: node.reading.system, timeline: node.reading.timeline, owner: id, server });
}

/** The epochs that the answering nodes write. */
export function written(facts: Facts): Epoch[] {
  return facts.nodes.map((node) => writtenEpoch(facts, node)).filter((epoch) => epoch !== undefined);
}

/** The epoch with the owner's name in this process. */
export function knownEpoch(facts: Pick<Facts, 'writers'>, epoch: Epoch): Epoch {
  const owner = ownerName(facts, epoch);
  return owner === epoch.owner ? epoch : { ...epoch, owner };
}

/** The highest epoch that our own nodes showed when they last answered, of one database. Reports of other processes do not count. */
export function highestMeasured(facts: Facts, system: string | undefined): Epoch | undefined {
  let highest: Epoch | undefined;
  for (const { reading, exact, timeline, id, server } of facts.nodes) {
    if (reading === undefined || reading.system !== system || !exact || timeline < (highest?.timeline ?? 1)) continue;
    const epoch = reading.inRecovery ? { system, timeline, owner: '' } : { system, timeline, owner: id, server };
    if (timeline > (highest?.timeline ?? 0) || !reading.inRecovery) highest = epoch;
  }
  return highest;
}
