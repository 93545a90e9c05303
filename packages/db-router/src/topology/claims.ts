import type { Epoch } from '@regionkit/core';
import { type DocumentFacts, type Facts, knownEpoch, type Rules } from './facts.ts';
import { isVoided, learnEpoch } from './learn.ts';
import type { Top } from './topology.ts';
import { regionOf } from './writer.ts';

/** A timeline that one region alone says it measured, and that does not follow on what else is known. */
export interface Claim {
  readonly region: string;
  readonly epoch: Epoch;
}

/** In place of a region for what a region only repeats. */
const REPEATED = '';
/** A switchover or failover raises the timeline by one. */
const STEP = 1;

/**
 * `facts` after what the stored documents say was weighed. A region that holds the shared secret may lie, or may be a copy
 * of this one. The next timeline is accepted at once, as after any failover. A jump over timelines is learnt only when a
 * node of our own shows it, or a second region that has measured it: one that only repeats it proves nothing.
 */
export function weighDocuments(facts: Facts, atMs: number): Facts {
  let next = withoutLoneTop(facts, atMs);
  for (let before: Facts | undefined; before !== next; ) {
    before = next;
    for (const document of next.documents) {
      for (const { epoch, by } of saidBy(document)) {
        const top = topOf(next, epoch.system);
        const isNews = top === undefined || epoch.timeline > top.timeline;
        if (isNews && !isUnproven(next, epoch, by)) next = learnEpoch(next, epoch, atMs, undefined, by);
      }
    }
  }
  return next;
}

/**
 * Whether only this region, or regions that repeat others (''), report a timeline that does not follow from what else is
 * known.
 */
export function isUnproven(facts: Facts, epoch: Epoch, region: string): boolean {
  const top = topOf(facts, epoch.system);
  if (top === undefined || epoch.timeline <= top.timeline + STEP) return false;
  return writtenElsewhere(facts, epoch.system, region).length > 0 && !isSeconded(facts, epoch);
}

/**
 * Returns the claim because of which no primary is accepted now. A claim ends when its region withdraws it. It also ends
 * when its region is silent for longer than `maxViewAgeMs` and most other regions have measured since then that no such
 * timeline exists.
 */
export function claimOf(facts: Facts, rules: Rules, top: Top | undefined, nowMs: number): Claim | undefined {
  if (top === undefined) return undefined;
  for (const document of facts.documents) {
    const { region, observedAtMs } = document;
    const claim = saidBy(document).find(
      ({ epoch }) =>
        epoch.system === top.system && epoch.timeline > top.timeline && !isVoided(facts, knownEpoch(facts, epoch)),
    );
    if (claim === undefined) continue;
    const isFresh = nowMs - observedAtMs <= rules.maxViewAgeMs;
    if (isFresh || !isDenied(facts, rules, document, top, nowMs))
      return { region, epoch: knownEpoch(facts, claim.epoch) };
  }
  return undefined;
}

function isDenied({ documents }: Facts, rules: Rules, claim: DocumentFacts, top: Top, nowMs: number): boolean {
  const others = rules.regions.filter((region) => region !== rules.self && region !== claim.region);
  const denying = documents.filter(
    (document) =>
      others.includes(document.region) &&
      document.observedAtMs > claim.observedAtMs &&
      nowMs - document.observedAtMs <= rules.maxViewAgeMs &&
      document.measured &&
      measuredTimeline(document, top.system) > 0 &&
      measuredTimeline(document, top.system) <= top.timeline,
  );
  return denying.length > others.length / 2;
}

/** What a region says that it measured comes first. */
function saidBy({
  region,
  primary,
  measuredEpoch,
  highest,
}: DocumentFacts): { readonly epoch: Epoch; readonly by: string }[] {
  const own = [primary?.epoch, measuredEpoch].filter((epoch) => epoch !== undefined);
  return [
    ...own.map((epoch) => ({ epoch, by: region })),
    ...(highest === undefined ? [] : [{ epoch: highest, by: REPEATED }]),
  ];
}

function measuredTimeline({ primary, measuredEpoch }: DocumentFacts, of: string): number {
  const own = [primary?.epoch, measuredEpoch].map((epoch) => (epoch?.system === of ? epoch.timeline : 0));
  return Math.max(...own);
}

/** Two regions say that they measured it. */
function isSeconded({ documents }: Facts, { system, timeline }: Epoch): boolean {
  return documents.filter((document) => measuredTimeline(document, system) >= timeline).length > 1;
}

/** The timelines that a primary was seen to write: by a process of this region, or else by other regions as they say. */
function writtenElsewhere(facts: Facts, system: string, region: string): readonly number[] {
  const { measured, told } = knownToWrite(facts, system);
  if (measured.length > 0) return [Math.max(...measured)];
  return told.filter(({ owner }) => regionOf(owner) !== region).map(({ timeline }) => timeline);
}

/** The epoch that a vouching process passes on, so that a new process judges the claims of regions as the vouching one does. */
export function writtenFor(facts: Facts, system: string): Epoch | undefined {
  const { measured, told } = knownToWrite(facts, system);
  if (measured.length > 0) return { system, timeline: Math.max(...measured), owner: '' };
  const [first] = told;
  if (first === undefined) return undefined;
  const isAlone = told.every(({ owner }) => regionOf(owner) === regionOf(first.owner));
  // The lowest: a claim that is refused is among them.
  return { system, timeline: Math.min(...told.map(({ timeline }) => timeline)), owner: isAlone ? first.owner : '' };
}

interface KnownToWrite {
  readonly measured: readonly number[];
  readonly told: readonly Epoch[];
}

function knownToWrite({ writers, documents, written }: Facts, system: string): KnownToWrite {
  const seen = writers.filter((writer) => Number.isFinite(writer.measuredAtMs));
  const inherited = written.filter(({ owner }) => owner === '');
  const claimed = documents.flatMap(({ region, primary }) =>
    primary === undefined ? [] : [{ ...primary.epoch, owner: `${region}/` }],
  );
  const told = [...claimed, ...written.filter(({ owner }) => owner !== '')];
  return {
    measured: [...seen, ...inherited].filter((known) => known.system === system).map(({ timeline }) => timeline),
    told: told.filter((known) => known.system === system),
  };
}

/**
 * How far the documents lead from what is known without them. Each step follows the one before. The claim of one region
 * supports the claim of another only if it follows from something itself. Otherwise the order of arrival would decide.
 */
function provenWithout(facts: Facts, { system, certain }: Top, written: readonly number[]): number {
  let proven = Math.max(certain, Math.min(...written));
  for (let before = 0; before !== proven; ) {
    before = proven;
    for (const { epoch } of facts.documents.flatMap(saidBy)) {
      const follows = epoch.timeline <= proven + STEP || isSeconded(facts, epoch);
      if (epoch.system === system && epoch.timeline > proven && follows && !isVoided(facts, knownEpoch(facts, epoch)))
        proven = epoch.timeline;
    }
  }
  return proven;
}

/**
 * The first report that a process receives may be false. As soon as anything else is known, it is a claim like any other.
 */
function withoutLoneTop(facts: Facts, atMs: number): Facts {
  const tops = facts.tops.map((top): Top => {
    const { system, timeline: claimed, by, certain } = top;
    const written = by === undefined ? [] : writtenElsewhere(facts, system, by);
    if (written.length === 0) return top;
    const timeline = provenWithout(facts, top, written);
    if (claimed <= timeline + STEP || isSeconded(facts, { system, timeline: claimed, owner: '' })) return top;
    const names = facts.owners.filter((epoch) => epoch.system === system && epoch.timeline === timeline);
    const owners = [...new Set(names.map(({ owner }) => owner))].sort();
    return { system, timeline, owners, firstKnownAtMs: atMs, by: undefined, certain };
  });
  return tops.every((top, index) => top === facts.tops[index]) ? facts : { ...facts, tops };
}

function topOf({ tops }: Facts, of: string): Top | undefined {
  return tops.find(({ system }) => system === of);
}
