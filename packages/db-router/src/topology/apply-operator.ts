import type { Epoch } from '@regionkit/core';
import { sameEpoch } from '../history/epoch.ts';
import { claimOf } from './claims.ts';
import { type Facts, type Input, type Rules, written } from './facts.ts';
import { isVoided, learnEpoch } from './learn.ts';
import type { Top } from './topology.ts';
import { MAX_VOIDED, ownVoid, withoutWritten } from './voids.ts';
import { epochOf } from './writer.ts';

/** The operator says: what writes here now is the primary, whatever a region claims; or that claim, if nothing writes. */
export function applyConfirm(facts: Facts, rules: Rules, atMs: number): Facts {
  const [found] = written(facts).sort((left, right) => right.timeline - left.timeline);
  const claim = claimOf(facts, rules, topInForce(facts), atMs);
  const epoch = found ?? claim?.epoch;
  if (epoch === undefined) return facts;
  const voided = facts.voided.filter((known) => !isVoided({ voided: [known] }, epoch));
  const denied = found !== undefined && claim !== undefined ? [claim.epoch] : [];
  return learnEpoch(
    {
      ...facts,
      accepted: true,
      vouched: false,
      system: epoch.system,
      voided: [...denied, ...voided].slice(0, MAX_VOIDED),
      voids: withoutWritten(facts.voids, [epoch]),
    },
    epoch,
    atMs,
  );
}

function topInForce({ tops, system }: Facts): Top | undefined {
  return system === undefined && tops.length === 1 ? tops[0] : tops.find((top) => top.system === system);
}

/**
 * An operator declared the highest epoch void. What no node writes at this moment is void, for every source. What a
 * node writes is learned again and accepted.
 */
export function applyReset(facts: Facts, { id, atMs }: Input & { type: 'reset' }): Facts {
  const found = written(facts);
  const system = new Set(found.map((epoch) => epoch.system)).size === 1 ? found[0]?.system : undefined;
  const highest = Math.max(0, ...found.filter((epoch) => epoch.system === system).map(({ timeline }) => timeline));
  const mistaken = facts.tops.flatMap((top): Epoch[] =>
    top.owners.length === 0
      ? [{ system: top.system, timeline: top.timeline, owner: '' }]
      : top.owners.map((owner) => epochOf(facts, { system: top.system, timeline: top.timeline, owner })),
  );
  const voided = mistaken.filter((epoch) => !found.some((known) => sameEpoch(known, epoch)));
  // An epoch that was void for any owner, because its owner was unknown, has an owner now.
  const before = facts.voided.filter(
    (known) => known.owner !== '' || !found.some((epoch) => isVoided({ voided: [known] }, epoch)),
  );
  let next: Facts = {
    ...facts,
    system,
    accepted: system !== undefined,
    vouched: false,
    voided: [...voided, ...before].slice(0, MAX_VOIDED),
    voids: ownVoid(facts.voids, id, voided, found),
    resetAtMs: atMs,
    kept: undefined,
    tops: [],
    owners: facts.owners.filter((epoch) => !voided.some((known) => sameEpoch(known, epoch))),
    forks: facts.forks.filter(({ child }) => child <= highest),
    written: facts.written.filter(({ timeline }) => timeline <= highest),
    documents: [],
    samples: { epoch: '', list: [] },
    nodes: facts.nodes.map((node) => ({ ...node, generation: node.generation + 1, fresh: undefined })),
  };
  for (const epoch of found) next = learnEpoch(next, epoch, atMs);
  return next;
}
