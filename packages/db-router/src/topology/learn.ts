import type { Epoch, Fork } from '@regionkit/core';
import { sameEpoch } from '../history/epoch.ts';
import { type Facts, knownEpoch } from './facts.ts';
import { learnWriter } from './learn-writer.ts';
import type { Top } from './topology.ts';

const MAX_SYSTEMS = 8;
const MAX_OWNERS = 32;
const MAX_FORKS = 64;
const MAX_TWINS = 8;

/**
 * `before` with an epoch that was learnt, from any source. The same object if that is no news.
 *
 * @param measuredAtMs when one of our own nodes was asked and said so
 * @param by the region whose document says so, or '' where that repeats others
 */
export function learnEpoch(before: Facts, given: Epoch, atMs: number, measuredAtMs?: number, by?: string): Facts {
  const facts = learnWriter(before, given, atMs, measuredAtMs);
  const epoch = knownEpoch(facts, given);
  if (isVoided(facts, epoch)) return facts;
  const known = facts.tops.find((top) => top.system === epoch.system);
  const top = raise(known, epoch, atMs, by);
  const owners = addOwner(facts.owners, epoch);
  if (top === known && owners === facts.owners) return facts;
  const forks = isContested(owners, epoch) ? withoutForkOf(facts.forks, epoch) : facts.forks;
  const others = facts.tops.filter(({ system }) => system !== epoch.system);
  const own = others.filter(({ system }) => system === facts.system);
  const foreign = others.filter(({ system }) => system !== facts.system).slice(0, MAX_SYSTEMS);
  return { ...facts, owners, forks, tops: top === known ? facts.tops : [top, ...own, ...foreign] };
}

/** Matches by server, whatever its name is, or by name. An unknown owner matches every voided owner. */
export function isVoided({ voided }: Pick<Facts, 'voided'>, epoch: Epoch): boolean {
  const { system, timeline, owner, server } = epoch;
  return voided.some((known) => {
    if (known.system !== system || known.timeline !== timeline) return false;
    if (owner === '' || known.owner === '' || known.owner === owner) return true;
    return server !== undefined && server !== '' && known.server === server;
  });
}

function raise(known: Top | undefined, { system, timeline, owner }: Epoch, atMs: number, by?: string): Top {
  const certain = Math.max(known?.certain ?? 0, by === undefined ? timeline : 0);
  if (known === undefined || timeline > known.timeline) {
    return { system, timeline, owners: owner === '' ? [] : [owner], firstKnownAtMs: atMs, by, certain };
  }
  const source = timeline < known.timeline ? known.by : sourceOf(known.by, by);
  const told = source === known.by && certain === known.certain ? known : { ...known, by: source, certain };
  if (timeline < known.timeline || owner === '' || known.owners.includes(owner) || known.owners.length >= MAX_TWINS) {
    return told;
  }
  return { ...told, owners: [...known.owners, owner].sort() };
}

/** The only region that has reported it, now that `by` has reported it too. Undefined if there are two. */
function sourceOf(known: string | undefined, by: string | undefined): string | undefined {
  if (by === '') return known;
  return known === '' || known === by ? by : undefined;
}

/** Two writers of one timeline are two owners. Its tokens then belong to neither. */
function addOwner(owners: readonly Epoch[], epoch: Epoch): readonly Epoch[] {
  if (epoch.owner === '' || owners.some((known) => sameEpoch(known, epoch))) return owners;
  return [epoch, ...owners].slice(0, MAX_OWNERS);
}

/** Two servers write it, and each has left the parent at its own position. */
function isContested(owners: readonly Epoch[], { system, timeline }: Pick<Epoch, 'system' | 'timeline'>): boolean {
  return owners.filter((epoch) => epoch.timeline === timeline && epoch.system === system).length > 1;
}

function withoutForkOf(forks: readonly Fork[], { system, timeline }: Epoch): readonly Fork[] {
  const kept = forks.filter((fork) => fork.child !== timeline || fork.system !== system);
  return kept.length === forks.length ? forks : kept;
}

/**
 * Returns `facts` with new forks. The first report about a child counts. A timeline with two writers has no known fork.
 */
export function learnForks(facts: Facts, forks: readonly Fork[]): Facts {
  const news = forks.filter(
    (fork) =>
      fork.parent < fork.child &&
      !isContested(facts.owners, { system: fork.system, timeline: fork.child }) &&
      !facts.forks.some(({ system, child }) => system === fork.system && child === fork.child),
  );
  return news.length === 0 ? facts : { ...facts, forks: [...news, ...facts.forks].slice(0, MAX_FORKS) };
}
