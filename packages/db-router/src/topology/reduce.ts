import type { RouterEvents } from '../events.ts';
import { sameEpoch } from '../history/epoch.ts';
import { apply } from './apply.ts';
import { type Facts, type Input, knownEpoch, noFacts, type Rules } from './facts.ts';
import { judge } from './judge.ts';
import type { Topology } from './topology.ts';
import { hasMeasured, takeOver } from './vouch.ts';

/** The facts and the topology that follows from them. */
export interface TopologyStore {
  readonly facts: Facts;
  readonly topology: Topology;
  /** Since when there is no primary. Undefined while there is one. */
  readonly missingSinceMs: number | undefined;
}

/** One event with its payload. */
export type TopologyEvent = { [E in keyof RouterEvents]: readonly [E, RouterEvents[E]] }[keyof RouterEvents];

/** The state at `nowMs` without any facts. */
export function nothingKnown(
  nodes: readonly { readonly id: string; readonly region: string }[],
  rules: Rules,
  options: { readonly store: boolean; readonly nowMs: number },
): TopologyStore {
  const facts = noFacts(nodes, options.store);
  return { facts, topology: judge(facts, rules, options.nowMs), missingSinceMs: options.nowMs };
}

/**
 * Takes an input and returns topology and events. Pure. The same inputs in any order lead to the same highest epoch,
 * and no order makes a node the primary that is not on it.
 */
export function reduce(
  before: TopologyStore,
  input: Input,
  rules: Rules,
): { readonly next: TopologyStore; readonly events: readonly TopologyEvent[] } {
  const applied = takeOver(apply(before.facts, input, rules), rules, input.atMs);
  // After a failover thousands of tokens name old epochs. An input without news needs no judgement.
  if (input.type === 'epoch' && applied === before.facts) return { next: before, events: [] };
  const topology = judge(applied, rules, input.atMs);
  const facts = settle(applied, topology, input.atMs, rules);
  const ready = topology.state === 'ready';
  const missingSinceMs = ready ? undefined : (before.missingSinceMs ?? input.atMs);
  const next: TopologyStore = { facts, topology, missingSinceMs };
  return { next, events: changes(before, next, input) };
}

/** Keeps what a judgement decided permanently: the adopted database, and whether a standby was fresh. */
function settle(facts: Facts, topology: Topology, nowMs: number, rules: Rules): Facts {
  const first = facts.samples.list[0];
  const watched = first !== undefined && nowMs - first.atMs >= rules.maxLagMs;
  let nodes = facts.nodes;
  if (topology.state === 'ready') {
    for (const view of topology.nodes) {
      if (view.state !== 'replica' && view.state !== 'stale') continue;
      if (view.lagMs === undefined && !watched) continue;
      const node = nodes[view.index];
      if (node === undefined || node.fresh === view.readable) continue;
      nodes = nodes.with(view.index, { ...node, fresh: view.readable });
    }
  }
  const accepted = topology.accepted;
  const system = accepted ? topology.system : facts.system;
  const vouched = facts.vouched && !hasMeasured(facts);
  const isSame = accepted === facts.accepted && vouched === facts.vouched && system === facts.system;
  if (nodes === facts.nodes && isSame) return facts;
  return { ...facts, nodes, accepted, vouched, system };
}

function changes(before: TopologyStore, next: TopologyStore, input: Input): readonly TopologyEvent[] {
  const events: TopologyEvent[] = [];
  for (const { id, epochs, state } of next.facts.voids) {
    const stateBefore = before.facts.voids.find((known) => known.id === id)?.state;
    if (state !== 'own' && state !== stateBefore) events.push(['epoch-void', { id, epochs, state }]);
  }
  const was = before.topology;
  const is = next.topology;
  const highest = is.highest;
  const known = was.highest;
  if (highest !== undefined && (known === undefined || !sameEpoch(knownEpoch(next.facts, known), highest))) {
    const from =
      input.type === 'epoch' ? input.from : input.type === 'document' || input.type === 'store' ? input.type : 'probe';
    events.push(['epoch', { epoch: highest, from }]);
  }
  for (const node of is.nodes) {
    const old = was.nodes[node.index]?.state ?? 'unknown';
    if (old !== node.state) {
      events.push(['node', { node: node.id, from: old, to: node.state }]);
      const system = next.facts.nodes[node.index]?.reading?.system;
      if (node.state === 'foreign' && system !== undefined) events.push(['foreign-system', { node: node.id, system }]);
    }
  }
  for (const writer of next.facts.writers) {
    const { timeline, server, names, owner } = writer;
    const old = before.facts.writers.find((one) => one.server === server && one.timeline === timeline);
    if (server === '' || names.length < 2 || (old?.names.length ?? 0) >= names.length) continue;
    const owners = [owner, ...names.filter((name) => name !== owner)];
    events.push(['same-server', { timeline, owners }]);
  }
  if (input.type === 'reading' && regressed(before, input)) {
    events.push(['replay-regressed', { node: is.nodes[input.node]?.id ?? '' }]);
  }
  if (is.state !== was.state) {
    if (is.state === 'twin-primaries' && is.top !== undefined) {
      const { system, timeline, owners } = is.top;
      events.push(['twin-primaries', { system, timeline, owners }]);
    }
    if (is.state === 'epoch-regressed' && is.highest !== undefined && is.regressed !== undefined) {
      const nodes = next.facts.nodes.map(({ id, timeline, reading }) => ({
        node: id,
        timeline,
        inRecovery: reading?.inRecovery === true,
      }));
      events.push(['epoch-regressed', { from: is.highest, to: is.regressed, nodes }]);
    }
    if (is.state === 'unconfirmed' && is.candidate !== undefined)
      events.push([
        'unconfirmed',
        { epoch: is.candidate, ...(is.claimedBy !== undefined && { claimedBy: is.claimedBy }) },
      ]);
  }
  if (was.primary !== undefined && is.primary === undefined) {
    events.push(['primary-lost', { state: is.state, last: was.primary.epoch }]);
  }
  // It only has another name since. It is the same one.
  const last = was.primary && knownEpoch(next.facts, was.primary.epoch);
  if (is.primary !== undefined && (last === undefined || !sameEpoch(last, is.primary.epoch))) {
    const { epoch, region } = is.primary;
    const missingForMs = before.missingSinceMs === undefined ? 0 : input.atMs - before.missingSinceMs;
    events.push(['primary', { epoch, region, missingForMs }]);
  }
  return events;
}

function regressed({ facts }: TopologyStore, { node, reading, sentAtMs }: Input & { type: 'reading' }): boolean {
  const before = facts.nodes[node];
  return (
    before?.reading !== undefined &&
    sentAtMs >= before.readAtMs &&
    reading.inRecovery &&
    before.reading.inRecovery &&
    before.reading.system === reading.system &&
    reading.position < before.reading.position
  );
}
