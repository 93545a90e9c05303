import type { Epoch } from '@regionkit/core';
import { type DocumentFacts, type Facts, isResponding, type Rules, writtenEpoch } from './facts.ts';
import type { Top } from './topology.ts';

/**
 * Returns the epoch of the whole cluster, if that is below the highest known one: an HA manager took the cluster back.
 * Undefined while anything supports the highest: a node or region that is silent, or that was probed before the highest
 * became known; a standby of another timeline; a primary of it.
 */
export function regressedTo(facts: Facts, rules: Rules, top: Top | undefined, nowMs: number): Epoch | undefined {
  const { nodes, documents } = facts;
  if (top === undefined || nodes.length === 0) return undefined;
  const isFresh = ({ observedAtMs }: DocumentFacts): boolean => nowMs - observedAtMs <= rules.maxViewAgeMs;
  // The URLs of our own nodes may lead elsewhere. A region that writes the highest epoch counts more.
  if (documents.some((document) => isFresh(document) && document.primary?.epoch.timeline === top.timeline))
    return undefined;
  const writers = nodes.map((node) => writtenEpoch(facts, node)).filter((epoch) => epoch !== undefined);
  const [found] = writers;
  if (found === undefined || found.system !== top.system || found.timeline >= top.timeline) return undefined;
  const agree = nodes.every(
    (node) =>
      isResponding(node) &&
      node.readAtMs > top.firstKnownAtMs &&
      node.reading.system === found.system &&
      node.exact &&
      node.timeline === found.timeline,
  );
  if (!agree || writers.some(({ owner }) => owner !== found.owner)) return undefined;
  const isCovered = rules.regions.every((region) => {
    if (nodes.some((node) => node.region === region) || region === rules.self) return true;
    const said = documents.find((document) => document.region === region);
    if (said === undefined || !isFresh(said) || !said.measured) return false;
    return said.primary === undefined || said.primary.epoch.timeline === found.timeline;
  });
  return isCovered ? found : undefined;
}
