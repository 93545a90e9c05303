import type { DatabaseReport, Epoch } from '@regionkit/core';
import { applyConfirm, applyReset } from './apply-operator.ts';
import { applySiblings, learnReport } from './apply-siblings.ts';
import { isUnproven, weighDocuments } from './claims.ts';
import { type Facts, type Followed, type Input, knownEpoch, type NodeFacts, type Rules, type Sample } from './facts.ts';
import { addSample } from './lag.ts';
import { isVoided, learnEpoch, learnForks } from './learn.ts';
import { admitPromotion } from './promoted-anew.ts';
import type { Reading } from './readings.ts';
import { endLivingVoids, MAX_VOIDED, takeVoids, toldVoids, withoutWritten } from './voids.ts';
import { regionOf, serverId } from './writer.ts';

const RTT_WEIGHT = 0.2;
const MAX_FOLLOWED = 32;

/** Returns the facts after one more input. Pure. An input without news returns the same object. */
export function apply(facts: Facts, input: Input, rules: Rules): Facts {
  const learnt = applyInput(facts, input, rules);
  const next = endLivingVoids(takeVoids(learnt, toldVoids(input), rules, input.atMs), rules, input.atMs);
  // What a region said before may follow on what is known now, or not any more.
  const isNews = (['tops', 'writers', 'documents', 'written'] as const).some((part) => next[part] !== facts[part]);
  return isNews && next.documents.length > 0 ? weighDocuments(next, input.atMs) : next;
}

function applyInput(facts: Facts, input: Input, rules: Rules): Facts {
  switch (input.type) {
    case 'reading':
      return applyReading(facts, input, rules);
    case 'failed':
      return withNode(facts, input.node, (node) => ({
        ...node,
        triedAtMs: Math.max(node.triedAtMs, input.atMs),
        failures: node.failures + 1,
        code: input.code,
      }));
    case 'epoch':
      return input.region === undefined
        ? learnEpoch(facts, input.epoch, input.atMs)
        : applyWord(facts, input.epoch, input.region, input.atMs);
    case 'document':
      return applyDocument(facts, input, rules);
    case 'siblings':
      return applySiblings(facts, input);
    case 'asked':
      return facts.asked.includes(input.region) ? facts : { ...facts, asked: [...facts.asked, input.region] };
    case 'store':
      return applyStore(facts, input);
    case 'remembered':
      return applyRemembered(facts, input);
    case 'synced':
      return { ...facts, syncedTimeline: input.timeline };
    case 'confirm':
      return applyConfirm(facts, rules, input.atMs);
    case 'reset':
      return applyReset(facts, input);
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
  // Ignore the state in an older answer, but keep the timeline it names.
  if (sentAtMs >= node.readAtMs) next = withNode(facts, input.node, (known) => readNode(known, input));
  const { system, timeline } = reading;
  if (timeline === undefined) return next;
  if (reading.inRecovery) {
    return learnEpoch(
      noteFollowed(next, { system, server: reading.server, timeline, sinceMs: sentAtMs }),
      { system, timeline, owner: '' },
      atMs,
    );
  }
  const server = sentAtMs >= node.readAtMs ? (next.nodes[input.node]?.server ?? '') : serverId(reading.server);
  const epoch: Epoch = { system, timeline, owner: node.id, server };
  next = learnEpoch(admitPromotion(next, reading, epoch), epoch, atMs, sentAtMs);
  next = noteKept(next, reading, epoch, sentAtMs);
  next = learnForks(learnOwnFork(next, reading, epoch), reading.forks ?? []);
  return sentAtMs >= node.readAtMs
    ? sample(next, knownEpoch(next, epoch), { lsn: reading.position, atMs: sentAtMs }, 'measured', rules)
    : next;
}

function readNode(node: NodeFacts, { reading, sentAtMs, atMs }: Input & { type: 'reading' }): NodeFacts {
  const before = node.reading;
  const sameServer = before?.server === reading.server && before.system === reading.system;
  const timeline = reading.timeline ?? Math.max(reading.timelineAtLeast ?? 0, sameServer ? node.timeline : 0);
  const rttMs = atMs - sentAtMs;
  const regressed = sameServer && before.inRecovery && reading.inRecovery && reading.position < before.position;
  const seen =
    reading.inRecovery && reading.timeline !== undefined
      ? { timeline: reading.timeline, position: reading.position }
      : sameServer && reading.inRecovery && !regressed
        ? node.seen
        : undefined;
  return {
    ...node,
    reading,
    readAtMs: sentAtMs,
    triedAtMs: Math.max(node.triedAtMs, atMs),
    server: sameServer ? node.server : serverId(reading.server),
    failures: 0,
    code: undefined,
    rttMs: Number.isFinite(node.rttMs) ? node.rttMs + RTT_WEIGHT * (rttMs - node.rttMs) : rttMs,
    // A connection does not move between servers, and a promotion does not change the server. Only another server is
    // news.
    generation: sameServer ? node.generation : node.generation + 1,
    timeline,
    exact: reading.timeline !== undefined,
    seen,
    // A standby with too much lag stays so, whatever it answers now, until it is judged again.
    fresh: sameServer || node.fresh === false ? node.fresh : undefined,
  };
}

function noteFollowed(facts: Facts, followed: Followed): Facts {
  const isOf = (known: Followed): boolean => known.server === followed.server && known.system === followed.system;
  const known = facts.followed.find(isOf);
  if (known?.timeline === followed.timeline && (known.sinceMs > facts.resetAtMs || followed.sinceMs <= known.sinceMs))
    return facts;
  const others = facts.followed.filter((other) => !isOf(other));
  return { ...facts, followed: [followed, ...others].slice(0, MAX_FOLLOWED) };
}

function noteKept(facts: Facts, { position }: Reading, epoch: Epoch, sentAtMs: number): Facts {
  const { system, timeline } = epoch;
  if (facts.kept !== undefined || facts.voided.length === 0 || sentAtMs <= facts.resetAtMs) return facts;
  return isVoided(facts, knownEpoch(facts, epoch)) ? facts : { ...facts, kept: { system, timeline, position } };
}

/**
 * The parent is the timeline that the same server was on before, if there is no timeline between: what happened since
 * the last probe is unknown. Timeline 2 can come only from 1. The control file names an older timeline until the
 * checkpoint after the promotion has ended, and the parent is not older than that.
 */
function learnOwnFork(facts: Facts, reading: Reading, { system, timeline: child }: Epoch): Facts {
  const { fork: lsn, server } = reading;
  if (lsn === undefined) return facts;
  const followed = facts.followed.find((known) => known.server === server && known.system === system)?.timeline;
  const isCertain = child === 2 || followed === child - 1 || reading.timelineAtLeast === child - 1;
  return isCertain ? learnForks(facts, [{ system, parent: child - 1, child, lsn }]) : facts;
}

function sample(facts: Facts, epoch: Epoch, at: Sample, from: 'measured' | 'told', rules: Rules): Facts {
  const top = facts.tops.find(({ system }) => system === epoch.system);
  if (top === undefined || top.timeline !== epoch.timeline || (facts.system ?? epoch.system) !== epoch.system)
    return facts;
  const key = `${epoch.system}/${epoch.timeline}/${epoch.owner}`;
  const list = facts.samples.epoch === key ? facts.samples.list : [];
  return { ...facts, samples: { epoch: key, list: addSample(list, at, from, rules.maxLagMs) } };
}

function applyDocument(facts: Facts, input: Input & { type: 'document' }, rules: Rules): Facts {
  const { region, primary, highest, measuredEpoch, observedAtMs, atMs } = input;
  if (region === rules.self) return facts;
  const known = facts.documents.find((document) => document.region === region);
  let next = measured(facts, input);
  // A region whose highest epoch is void reports another history.
  if (highest === undefined || !isVoided(next, knownEpoch(next, highest))) next = learnForks(next, input.forks ?? []);
  const learn = (epoch: Epoch | undefined, by: string): void => {
    if (epoch !== undefined && !isUnproven(next, epoch, by)) next = learnEpoch(next, epoch, atMs, undefined, by);
  };
  learn(highest, '');
  learn(measuredEpoch, region);
  learn(primary?.epoch, region);
  if (known !== undefined && known.observedAtMs > observedAtMs) return next;
  const isBelieved = primary !== undefined && !isVoided(next, knownEpoch(next, primary.epoch));
  const believed = isBelieved ? primary : undefined;
  const others = next.documents.filter((document) => document.region !== region);
  next = {
    ...next,
    documents: [
      ...others,
      { region, primary: believed, highest, measured: input.measured === true, measuredEpoch, observedAtMs },
    ],
  };
  return believed === undefined
    ? next
    : sample(next, knownEpoch(next, believed.epoch), { lsn: believed.position, atMs: observedAtMs }, 'told', rules);
}

/** Applies a report that is not in a document, such as the mark of a request, by the rules for a document. */
function applyWord(facts: Facts, epoch: Epoch, region: string, atMs: number): Facts {
  if (!isUnproven(facts, epoch, region)) return learnEpoch(facts, epoch, atMs, undefined, region);
  const known = facts.documents.find((document) => document.region === region);
  const none = { region, primary: undefined, measured: false, measuredEpoch: undefined, observedAtMs: atMs };
  const others = facts.documents.filter((document) => document !== known);
  return { ...facts, documents: [...others, { ...(known ?? none), highest: epoch }] };
}

/**
 * A reset in a process that reaches no database of a region could not see what is written there. The epoch was void
 * only for reports, until that region reports that it has measured it since.
 */
function measured(facts: Facts, { region, primary, observedAtMs }: Input & { type: 'document' }): Facts {
  if (primary === undefined || observedAtMs <= facts.resetAtMs) return facts;
  const isReached = (name: string): boolean => facts.nodes.some((node) => node.region === name);
  if (isReached(region)) return facts;
  const epoch = knownEpoch(facts, primary.epoch);
  const voided = facts.voided.filter(
    (known) => isReached(regionOf(known.owner)) || !isVoided({ voided: [known] }, epoch),
  );
  return voided.length === facts.voided.length
    ? facts
    : { ...facts, voided, voids: withoutWritten(facts.voids, [epoch]) };
}

function applyStore(facts: Facts, { stored, atMs }: Input & { type: 'store' }): Facts {
  if (stored === undefined) return facts.store === 'loaded' ? facts : { ...facts, store: 'none' };
  // Once a primary was accepted, an operator's decision here counts more than one that was stored elsewhere before.
  const voided = facts.accepted ? facts.voided : [...stored.voided, ...facts.voided].slice(0, MAX_VOIDED);
  let next: Facts = learnForks({ ...facts, store: 'loaded', voided }, stored.forks);
  for (const epoch of [...stored.owners, stored.epoch]) {
    if (!isVoided(stored, epoch)) next = learnEpoch(next, epoch, atMs);
  }
  return { ...next, system: next.system ?? stored.epoch.system };
}

/** Applies the memory of the process before this one. It counts as the report of a sibling that has ended. */
function applyRemembered(facts: Facts, { stored, untilMs, atMs }: Input & { type: 'remembered' }): Facts {
  const next: Facts = { ...facts, store: 'none' };
  if (stored === undefined) return next;
  const { epoch: highest, forks, vouches } = stored;
  const report: DatabaseReport = { role: 'unknown', highest, forks, ...(vouches !== undefined && { vouches }) };
  return { ...learnReport(next, report, atMs), remembered: { report, untilMs } };
}
