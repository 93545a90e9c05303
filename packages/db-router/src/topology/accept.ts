import type { Epoch } from '@regionkit/core';
import { sameEpoch } from '../history/epoch.ts';
import { type Facts, isResponding, knownEpoch, type Rules } from './facts.ts';
import type { PrimaryView } from './topology.ts';
import { wasEverythingAsked } from './vouch.ts';

/**
 * A process that starts beside an old primary must not trust it. `epoch` is on the highest known timeline. This decides
 * whether enough is known: from the store, or from a majority of the other regions.
 */
export function mayAccept(facts: Facts, rules: Rules, epoch: Epoch, nowMs: number): boolean {
  if (facts.accepted) return true;
  if (facts.store === 'pending' || facts.nodes.some(({ triedAtMs }) => triedAtMs === Number.NEGATIVE_INFINITY))
    return false;
  if (rules.coldStart === 'trust' || facts.store === 'loaded') return true;
  const others = rules.regions.filter((region) => region !== rules.self);
  if (others.length === 0) return true;
  const told = others.filter((region) => {
    const document = facts.documents.find((known) => known.region === region);
    // A region without an answer of its own database repeats the reports of others, perhaps of this process.
    const word = document?.primary?.epoch ?? (document?.measured === true ? document.highest : undefined);
    const fresh = document !== undefined && nowMs - document.observedAtMs <= rules.maxViewAgeMs;
    if (fresh && word?.system === epoch.system) return true;
    // A standby that does not know its timeline does not show that there is no higher one.
    return facts.nodes.some(
      (node) => node.region === region && isResponding(node) && node.exact && node.reading.system === epoch.system,
    );
  });
  if (told.length > others.length / 2) return true;
  // Unless every node of every other region was probed: a newer primary would be one of them.
  return others.every((region) => {
    const nodes = facts.nodes.filter((node) => node.region === region);
    return nodes.length > 0 && nodes.every(isResponding);
  });
}

/**
 * Whether the region of the primary says by its own fresh document that it writes `epoch`. Only an accepted process says
 * so, and it does what is forwarded to it on its own word: nothing becomes accepted here. Every region was asked before,
 * because one of them, or a sibling, may know better.
 */
export function mayForward(facts: Facts, rules: Rules, { region, epoch }: PrimaryView, nowMs: number): boolean {
  if (rules.writes !== 'forward' || region === rules.self || !wasEverythingAsked(facts, rules)) return false;
  return facts.documents.some((document) => {
    if (document.region !== region || document.primary === undefined) return false;
    if (nowMs - document.observedAtMs > rules.maxViewAgeMs) return false;
    return sameEpoch(knownEpoch(facts, document.primary.epoch), epoch);
  });
}
