import type { Epoch } from '@regionkit/core';
import { answers, type DocumentFacts, type Facts, type Rules, writtenEpoch } from './facts.ts';
import type { Top } from './topology.ts';

/**
 * The epoch on which the whole cluster is, where that is below the highest that was told of: an HA manager took it back.
 * Undefined while anything speaks for the highest: a node or a region that is silent, or that was asked before that was
 * told of, a standby of another timeline, a primary of it.
 */
export function regressedTo(facts: Facts, rules: Rules, top: Top | undefined, nowMs: number): Epoch | undefined {
  const { nodes, documents } = facts;
  if (top === undefined || nodes.length === 0) return undefined;
  const isFresh = ({ observedAtMs }: DocumentFacts): boolean => nowMs - observedAtMs <= rules.maxViewAgeMs;
  // Our own nodes may be led elsewhere by their URLs: a region that writes the highest counts for more.
  if (documents.some((document) => isFresh(document) && document.primary?.epoch.timeline === top.timeline))
    return undefined;
  const writers = nodes.map((node) => writtenEpoch(facts, node)).filter((epoch) => epoch !== undefined);
  const [found] = writers;
  if (found === undefined || found.system !== top.system || found.timeline >= top.timeline) return undefined;
  const agree = nodes.every(
    (node) =>
      answers(node) &&
      node.readAtMs > top.firstHeardAtMs &&
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
