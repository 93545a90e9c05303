import type { DatabaseReport, Epoch } from '@regionkit/core';
import { type Facts, type Input, knownEpoch } from './facts.ts';
import { isVoided, learnEpoch, learnForks } from './learn.ts';
import { regionOf } from './writer.ts';

const MAX_WRITTEN = 32;

/** What a sibling knows fences here too. What it vouches for is taken over elsewhere, if this process needs it. */
export function applySiblings(facts: Facts, { siblings, atMs }: Input & { type: 'siblings' }): Facts {
  const next = siblings.reduce((known, { database }) => learnReport(known, database, atMs), facts);
  return { ...next, siblings };
}

/** Learns what another process of this region reports of its database. */
export function learnReport(
  facts: Facts,
  { highest, forks, vouches }: Pick<DatabaseReport, 'highest' | 'forks' | 'vouches'>,
  atMs: number,
): Facts {
  if (highest === undefined) return facts;
  let next = isVoided(facts, knownEpoch(facts, highest)) ? facts : learnForks(facts, forks);
  next = learnEpoch(next, highest, atMs);
  if (vouches?.primary !== undefined) next = learnEpoch(next, vouches.primary, atMs);
  const seen = vouches?.written;
  return seen !== undefined && !isVoided(next, { ...seen, owner: '' }) ? learnWritten(next, seen) : next;
}

/** It outlives the sibling: that a timeline was written stays true. */
function learnWritten(facts: Facts, epoch: Epoch): Facts {
  const isOf = ({ system, owner }: Epoch): boolean =>
    system === epoch.system && regionOf(owner) === regionOf(epoch.owner);
  if (facts.written.some((known) => isOf(known) && known.timeline >= epoch.timeline)) return facts;
  const others = facts.written.filter((known) => !isOf(known));
  return { ...facts, written: [epoch, ...others].slice(0, MAX_WRITTEN) };
}
