import type { Epoch } from '@regionkit/core';
import type { TopologyState } from '../reasons.ts';
import { mayAccept, mayForward } from './accept.ts';
import { claimOf, type Claim as RegionClaim } from './claims.ts';
import type { Facts, Rules } from './facts.ts';
import { findWriter, mayHide, type Writer } from './find-writer.ts';
import { type JudgeContext, judgeNode } from './judge-node.ts';
import { regressedTo } from './regression.ts';
import type { Top, Topology } from './topology.ts';
import { hasMeasured, wasPauseAskedFor } from './vouch.ts';
import { epochOf } from './writer.ts';

/** Judges the facts at `nowMs`. Pure. */
export function judge(facts: Facts, rules: Rules, nowMs: number): Topology {
  const systems = systemsOf(facts);
  const system = facts.system ?? (systems.size === 1 ? [...systems][0] : undefined);
  const top = facts.tops.find((known) => known.system === system);
  const writer = findWriter(facts, rules, top, nowMs);
  const foreign = system === undefined && systems.size > 1;
  const regressed = writer === undefined ? regressedTo(facts, rules, top, nowMs) : undefined;
  const claim = claimOf(facts, rules, top, nowMs);
  const state = foreign ? 'foreign-system' : stateOf(facts, rules, { top, writer, claim, regressed, nowMs });
  const ready = state === 'ready';
  // Enough to forward, and no more: the region that claims the primary does the write on its own word.
  const claimed = ready && writer !== undefined && !mayAccept(facts, rules, writer.view.epoch, nowMs);
  const samples = ready ? facts.samples.list : [];
  const nodes = facts.nodes.map((node) =>
    judgeNode(node, facts, rules, { top, system, state, claimed, samples, regressed, nowMs }),
  );
  const accepted = facts.accepted || (ready && !claimed && !(writer?.readOnly ?? true));
  const changes = nodes.flatMap(({ state: is, readable }) =>
    is === 'old-timeline' && readable && top !== undefined ? [top.firstKnownAtMs + rules.maxLagMs] : [],
  );
  for (const { primary, observedAtMs } of facts.documents) {
    if (primary !== undefined || claim !== undefined) changes.push(observedAtMs + rules.maxViewAgeMs);
  }
  if (top !== undefined) {
    for (const node of facts.nodes)
      if (mayHide(node, top, rules, nowMs)) changes.push(node.readAtMs + rules.maxViewAgeMs);
  }
  if (nodes.some((node) => node.state === 'stale' && node.lagMs === undefined) && samples[0] !== undefined) {
    changes.push(samples[0].atMs + rules.maxLagMs);
  }
  return {
    state,
    nodes,
    primary: ready && writer !== undefined ? { ...writer.view, ...(claimed && { node: undefined }) } : undefined,
    regressed,
    candidate: state === 'unconfirmed' ? (claim?.epoch ?? writer?.view.epoch) : undefined,
    claimedBy: state === 'unconfirmed' ? claim?.region : undefined,
    system,
    top,
    highest: top && highestEpoch(facts, top),
    writers: facts.writers,
    forks: facts.forks,
    owners: facts.owners,
    accepted,
    vouches: accepted && vouches(facts, state, writer !== undefined || regressed !== undefined),
    nextChangeMs: Math.min(Number.POSITIVE_INFINITY, ...changes.filter((atMs) => atMs > nowMs)),
  };
}

function highestEpoch(facts: Facts, { system, timeline, owners }: Top): Epoch {
  const [owner = ''] = owners;
  return epochOf(facts, { system, timeline, owner });
}

/** The database of this process. Before one is adopted, it is the one on which all answering nodes agree. */
function systemsOf(facts: Facts): ReadonlySet<string> {
  const systems = new Set<string>();
  for (const { reading } of facts.nodes) if (reading !== undefined) systems.add(reading.system);
  for (const { primary } of facts.documents) if (primary !== undefined) systems.add(primary.epoch.system);
  // Nothing was measured yet. The reports may name the database, if they name only one.
  if (systems.size === 0 && facts.tops.length === 1) systems.add(facts.tops[0]?.system ?? '');
  return systems;
}

function stateOf(
  facts: Facts,
  rules: Rules,
  {
    top,
    writer,
    claim,
    regressed,
    nowMs,
  }: Pick<JudgeContext, 'top' | 'regressed' | 'nowMs'> & {
    readonly writer: Writer | undefined;
    readonly claim: RegionClaim | undefined;
  },
): TopologyState {
  if (top !== undefined && top.owners.length > 1) return 'twin-primaries';
  // One of the two is not the primary any more, or never was: no write until more is known.
  if (claim !== undefined) return 'unconfirmed';
  if (writer === undefined) return regressed === undefined ? 'no-primary' : 'epoch-regressed';
  if (writer.uncertainty !== undefined) return writer.uncertainty;
  if (writer.readOnly) return 'read-only';
  if (writer.view.epoch.timeline > facts.syncedTimeline) return 'no-primary';
  const mayWrite = mayAccept(facts, rules, writer.view.epoch, nowMs) || mayForward(facts, rules, writer.view, nowMs);
  return mayWrite && wasPauseAskedFor(facts, rules, writer.view.region) ? 'ready' : 'unconfirmed';
}

/** A process that sees a contradiction does not vouch, because a newcomer could learn only one side of it. */
function vouches(facts: Facts, state: TopologyState, isAnyWriter: boolean): boolean {
  if (facts.vouched && !hasMeasured(facts)) return false;
  // A later claim is judged by the time of the reset, and this time is not passed on: such a process does not vouch.
  if (facts.voided.length > 0) return false;
  return state === 'ready' || state === 'read-only' || (state === 'no-primary' && !isAnyWriter);
}
