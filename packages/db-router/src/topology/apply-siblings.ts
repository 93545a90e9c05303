import type { Epoch } from '@regionkit/core';
import { type Facts, type Input, knownEpoch } from './facts.ts';
import { isVoided, learnEpoch, learnForks } from './learn.ts';
import { regionOf } from './writer.ts';

const MAX_WRITTEN = 32;

/** What a sibling knows fences here too. What it vouches for is taken over elsewhere, if this process needs it. */
export function applySiblings(facts: Facts, { siblings, atMs }: Input & { type: 'siblings' }): Facts {
  let next = facts;
  for (const { database } of siblings) {
    const { highest, forks, vouches } = database;
    if (highest === undefined) continue;
    if (!isVoided(next, knownEpoch(next, highest))) next = learnForks(next, forks);
    next = learnEpoch(next, highest, atMs);
    if (vouches?.primary !== undefined) next = learnEpoch(next, vouches.primary, atMs);
    const seen = vouches?.written;
    if (seen !== undefined && !isVoided(next, { ...seen, owner: '' })) next = learnWritten(next, seen);
  }
  return { ...next, siblings };
}

/** It outlives the sibling: that a timeline was written stays true. */
function learnWritten(facts: Facts, epoch: Epoch): Facts {
  const isOf = ({ system, owner }: Epoch): boolean =>
    system === epoch.system && regionOf(owner) === regionOf(epoch.owner);
  if (facts.written.some((known) => isOf(known) && known.timeline >= epoch.timeline)) return facts;
  const others = facts.written.filter((known) => !isOf(known));
  return { ...facts, written: [epoch, ...others].slice(0, MAX_WRITTEN) };
}
