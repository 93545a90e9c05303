import type { Epoch } from '@regionkit/core';
import { sameEpoch } from './epoch.ts';
import { answers, type Facts, type Input, type NodeFacts, type Rules, writtenEpoch } from './facts.ts';
import { hearEpoch, hearForks, isVoided } from './hear.ts';
import { addSample } from './lag.ts';
import type { Reading } from './readings.ts';

const RTT_WEIGHT = 0.2;

/** The facts after one more was heard. Pure; what is no news leaves them as they are. */
export function apply(facts: Facts, input: Input, rules: Rules): Facts {
  switch (input.type) {
    case 'reading':
      return applyReading(facts, input, rules);
    case 'failed':
      return withNode(facts, input.node, (node) => ({
        ...node,
        triedAtMs: Math.max(node.triedAtMs, input.atMs),
        failures: node.failures + 1,
      }));
    case 'heard':
      return hearEpoch(facts, input.epoch, input.atMs);
    case 'document':
      return applyDocument(facts, input, rules);
    case 'store':
      return applyStore(facts, input);
    case 'confirm':
      return applyConfirm(facts);
    case 'reset':
      return applyReset(facts, input.atMs);
    case 'tick':
      return facts;
  }
}

function withNode(facts: Facts, index: number, change: (node: NodeFacts) => NodeFacts): Facts {
  const node = facts.nodes[index];
  if (node === undefined) return facts;
  return { ...facts, nodes: facts.nodes.with(index, change(node)) };
}

function applyReading(facts: Facts, input: Input & { type: 'reading' }, rules: Rules): Facts {
  const { reading, sentAtMs, atMs } = input;
  const node = facts.nodes[input.node];
  if (node === undefined) return facts;
  let next = facts;
  // An answer that was overtaken says nothing of the node now, but the timeline it names was there.
  if (sentAtMs >= node.readAtMs) next = withNode(facts, input.node, (known) => readNode(facts, known, input));
  const told = next.nodes[input.node] as NodeFacts;
  if (reading.timeline !== undefined) {
    const owner = reading.inRecovery ? '' : told.owner;
    const epoch: Epoch = { system: reading.system, timeline: reading.timeline, owner };
    next = hearEpoch(next, epoch, atMs);
    if (!reading.inRecovery) {
      next = hearOwnFork(next, node, reading, epoch);
      if (sentAtMs >= node.readAtMs) next = sample(next, epoch, reading.position, sentAtMs, rules);
    }
  }
  return next;
}

function readNode(facts: Facts, node: NodeFacts, { reading, sentAtMs, atMs }: Input & { type: 'reading' }): NodeFacts {
  const before = node.reading;
  const sameServer = before?.server === reading.server && before.system === reading.system;
  const timeline = reading.timeline ?? Math.max(reading.timelineAtLeast ?? 0, sameServer ? node.timeline : 0);
  const rttMs = atMs - sentAtMs;
  const stamped = sameServer && before.inRecovery === reading.inRecovery && node.timeline === timeline;
  const regressed = sameServer && before.inRecovery && reading.inRecovery && reading.position < before.position;
  const seen =
    reading.inRecovery && reading.timeline !== undefined
      ? { timeline: reading.timeline, position: reading.position }
      : sameServer && reading.inRecovery && !regressed
        ? node.seen
        : undefined;
  const twin = facts.nodes.find(
    (other) => other.index !== node.index && answers(other) && other.reading.server === reading.server,
  );
  return {
    ...node,
    reading,
    readAtMs: sentAtMs,
    triedAtMs: Math.max(node.triedAtMs, atMs),
    failures: 0,
    rttMs: Number.isFinite(node.rttMs) ? node.rttMs + RTT_WEIGHT * (rttMs - node.rttMs) : rttMs,
    generation: stamped ? node.generation : node.generation + 1,
    timeline,
    exact: reading.timeline !== undefined,
    seen,
    fresh: sameServer ? node.fresh : undefined,
    owner: twin?.owner ?? (sameServer ? node.owner : node.id),
  };
}

/** The parent is what the node was on before; without a memory of that it is certain only for timeline 2. */
function hearOwnFork(facts: Facts, before: NodeFacts, { fork }: Reading, epoch: Epoch): Facts {
  if (fork === undefined) return facts;
  const wasStandby = before.reading?.inRecovery === true && before.reading.system === epoch.system;
  const parent = wasStandby && before.exact && before.timeline < epoch.timeline ? before.timeline : 1;
  if (parent === 1 && epoch.timeline !== 2 && !(wasStandby && before.exact)) return facts;
  return hearForks(facts, [{ system: epoch.system, parent, child: epoch.timeline, lsn: fork }]);
}

function sample(facts: Facts, epoch: Epoch, lsn: bigint, atMs: number, rules: Rules): Facts {
  const top = facts.tops.find(({ system }) => system === epoch.system);
  if (top === undefined || top.timeline !== epoch.timeline || (facts.system ?? epoch.system) !== epoch.system)
    return facts;
  const key = `${epoch.system}/${epoch.timeline}/${epoch.owner}`;
  const list = facts.samples.epoch === key ? facts.samples.list : [];
  return { ...facts, samples: { epoch: key, list: addSample(list, { lsn, atMs }, rules.maxLagMs) } };
}

function applyDocument(facts: Facts, input: Input & { type: 'document' }, rules: Rules): Facts {
  const { region, primary, highest, observedAtMs, atMs } = input;
  if (region === rules.self) return facts;
  const known = facts.documents.find((document) => document.region === region);
  let next = hearForks(facts, input.forks ?? []);
  if (highest !== undefined) next = hearEpoch(next, highest, atMs);
  if (primary !== undefined) next = hearEpoch(next, primary.epoch, atMs);
  if (known !== undefined && known.observedAtMs > observedAtMs) return next;
  const believed = primary !== undefined && !isVoided(next, primary.epoch) ? primary : undefined;
  const others = next.documents.filter((document) => document.region !== region);
  next = { ...next, documents: [...others, { region, primary: believed, highest, observedAtMs }] };
  return believed === undefined ? next : sample(next, believed.epoch, believed.position, observedAtMs, rules);
}

function applyStore(facts: Facts, { stored, atMs }: Input & { type: 'store' }): Facts {
  if (stored === undefined) return { ...facts, store: 'none' };
  const voided = [...stored.voided, ...facts.voided];
  let next: Facts = hearForks({ ...facts, store: 'loaded', voided }, stored.forks);
  for (const owner of stored.owners) next = hearEpoch(next, owner, atMs);
  next = hearEpoch(next, stored.epoch, atMs);
  return { ...next, system: next.system ?? stored.epoch.system };
}

/** The operator says: what writes here now is the primary. */
function applyConfirm(facts: Facts): Facts {
  const found = facts.nodes.map(writtenEpoch).filter((epoch) => epoch !== undefined);
  const [epoch] = found.sort((left, right) => right.timeline - left.timeline);
  if (epoch === undefined) return facts;
  const voided = facts.voided.filter((known) => !sameEpoch(known, epoch));
  return hearEpoch({ ...facts, accepted: true, system: epoch.system, voided }, epoch, 0);
}

/**
 * The operator says: the highest epoch is a mistake. What no node writes at this moment is void, for every source; what
 * some node writes is heard anew and believed.
 */
function applyReset(facts: Facts, atMs: number): Facts {
  const written = facts.nodes.map(writtenEpoch).filter((epoch) => epoch !== undefined);
  const system = new Set(written.map((epoch) => epoch.system)).size === 1 ? written[0]?.system : undefined;
  const highest = Math.max(0, ...written.filter((epoch) => epoch.system === system).map(({ timeline }) => timeline));
  const mistaken = facts.tops.flatMap((top): Epoch[] =>
    top.owners.length === 0
      ? [{ system: top.system, timeline: top.timeline, owner: '' }]
      : top.owners.map((owner) => ({ system: top.system, timeline: top.timeline, owner })),
  );
  const voided = mistaken.filter((epoch) => !written.some((known) => sameEpoch(known, epoch)));
  let next: Facts = {
    ...facts,
    system,
    accepted: system !== undefined,
    voided: [...voided, ...facts.voided].slice(0, 32),
    tops: [],
    owners: facts.owners.filter((epoch) => !voided.some((known) => sameEpoch(known, epoch))),
    forks: facts.forks.filter(({ child }) => child <= highest),
    documents: [],
    samples: { epoch: '', list: [] },
    nodes: facts.nodes.map((node) => ({ ...node, generation: node.generation + 1, fresh: undefined })),
  };
  for (const epoch of written) next = hearEpoch(next, epoch, atMs);
  return next;
}
