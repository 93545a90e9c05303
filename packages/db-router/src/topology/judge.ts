import type { Epoch } from '@regionkit/core';
import { leftAt, sameEpoch } from '../history/epoch.ts';
import type { NodeState, TopologyState } from '../reasons.ts';
import { claimOf, type Claim as RegionClaim } from './claims.ts';
import { type Facts, isResponding, knownEpoch, type NodeFacts, type Rules, writtenEpoch } from './facts.ts';
import { lagAt } from './lag.ts';
import { isVoided } from './learn.ts';
import type { Reading } from './readings.ts';
import { regressedTo } from './regression.ts';
import type { NodeView, PrimaryView, Top, Topology } from './topology.ts';
import { hasMeasured, wasEverythingAsked } from './vouch.ts';
import { epochOf, regionOf } from './writer.ts';

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

/** No answer in time. A server that has gone refuses, or ends the connection. */
const SILENT = /^(?:ETIMEDOUT|timeout)$/;

interface Writer {
  readonly view: PrimaryView;
  readonly readOnly: boolean;
  /** Why it is not certain that it is the only one, although one owner writes. */
  readonly uncertainty: 'no-primary' | 'twin-primaries' | undefined;
}

/** What a region reports to write itself. */
interface Claim {
  readonly region: string;
  readonly epoch: Epoch;
  readonly position: bigint;
  /** The pool of that name was probed since. The report no longer confirms, but it still casts doubt. */
  readonly isOverdue: boolean;
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

/**
 * Who writes the highest timeline: a node that was probed, or else what a region's own document reports as measured.
 */
function findWriter(facts: Facts, rules: Rules, top: Top | undefined, nowMs: number): Writer | undefined {
  if (top === undefined) return undefined;
  const ofTop = (epoch: Epoch | undefined): epoch is Epoch =>
    epoch !== undefined && epoch.system === top.system && epoch.timeline === top.timeline && !isVoided(facts, epoch);
  const candidates = facts.nodes.flatMap((node) => {
    const epoch = writtenEpoch(facts, node);
    return ofTop(epoch) && isResponding(node) ? [{ node, epoch }] : [];
  });
  const claims = claimsOf(facts, rules, nowMs).filter(({ epoch }) => ofTop(epoch));
  const { self } = rules;
  // Several pools may lead to it. The local one is used, then the one of its name, then the fastest.
  const [found] = candidates.toSorted(
    (left, right) =>
      Number(right.node.region === self) - Number(left.node.region === self) ||
      Number(right.node.id === right.epoch.owner) - Number(left.node.id === left.epoch.owner) ||
      left.node.rttMs - right.node.rttMs,
  );
  if (found !== undefined) {
    const { node, epoch } = found;
    const { position, readOnly } = node.reading;
    const view = { region: node.region, epoch, position, node: node.index };
    // One server that was restarted, or two. The next probe of each node decides, or the next document.
    const isOther =
      candidates.some((other) => other.node.server !== node.server) ||
      facts.nodes.some((other) => mayHide(other, top, rules, nowMs) && other.server !== node.server);
    const uncertainty = isDenied(claims, node.server) ? 'twin-primaries' : isOther ? 'no-primary' : undefined;
    return { view, readOnly, uncertainty };
  }
  // If two regions name one server, the one in its name counts. It is the same in every process.
  const believed = claims.filter(({ isOverdue }) => !isOverdue);
  const told = believed.find(({ region, epoch }) => region === regionOf(epoch.owner)) ?? believed[0];
  if (told === undefined) return undefined;
  const { region, epoch, position } = told;
  const uncertainty = isDenied(claims, epoch.server) ? 'twin-primaries' : undefined;
  return { view: { region, epoch, position, node: undefined }, readOnly: false, uncertainty };
}

/**
 * It is connected to and says nothing, and a moment ago it was another server that wrote this timeline: that one may live,
 * under a name that leads elsewhere by now. Not for longer than anything else is believed: a path that swallows every
 * answer must not refuse the writes of a server that was restarted.
 */
function mayHide(node: NodeFacts, top: Top, rules: Rules, nowMs: number): boolean {
  const { reading, failures, code } = node;
  return (
    reading !== undefined &&
    failures > 0 &&
    SILENT.test(code ?? '') &&
    !reading.inRecovery &&
    reading.system === top.system &&
    reading.timeline === top.timeline &&
    nowMs - node.readAtMs <= rules.maxViewAgeMs
  );
}

/** What the regions report to write. Our own probe of a pool of that region counts more than an older report. */
function claimsOf(facts: Facts, rules: Rules, nowMs: number): Claim[] {
  return facts.documents.flatMap(({ primary, region, observedAtMs }) => {
    if (primary === undefined || nowMs - observedAtMs > rules.maxViewAgeMs) return [];
    const asked = facts.nodes.find(({ id }) => id === primary.epoch.owner);
    const isOverdue = asked !== undefined && isResponding(asked) && asked.readAtMs > observedAtMs;
    if (isOverdue && asked.region === region) return [];
    return [{ region, epoch: knownEpoch(facts, primary.epoch), position: primary.position, isOverdue }];
  });
}

/** One name may lead to two servers in turn, and both may live. A region that writes another one reports that. */
function isDenied(claims: readonly Claim[], server: string | undefined): boolean {
  return server !== undefined && claims.some(({ epoch }) => epoch.server !== undefined && epoch.server !== server);
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
  }: Pick<Light, 'top' | 'regressed' | 'nowMs'> & {
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
  return mayWrite ? 'ready' : 'unconfirmed';
}

/**
 * A process that starts beside an old primary must not trust it. `epoch` is on the highest known timeline. This decides
 * whether enough is known: from the store, or from a majority of the other regions.
 */
function mayAccept(facts: Facts, rules: Rules, epoch: Epoch, nowMs: number): boolean {
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
function mayForward(facts: Facts, rules: Rules, { region, epoch }: PrimaryView, nowMs: number): boolean {
  if (rules.writes !== 'forward' || region === rules.self || !wasEverythingAsked(facts, rules)) return false;
  return facts.documents.some((document) => {
    if (document.region !== region || document.primary === undefined) return false;
    if (nowMs - document.observedAtMs > rules.maxViewAgeMs) return false;
    return sameEpoch(knownEpoch(facts, document.primary.epoch), epoch);
  });
}

/** A process that sees a contradiction does not vouch: a newcomer could hear one side of it alone. */
function vouches(facts: Facts, state: TopologyState, isAnyWriter: boolean): boolean {
  if (facts.vouched && !hasMeasured(facts)) return false;
  // When an operator spoke is not passed on, and decides what a later claim means: such a process speaks for itself alone.
  if (facts.voided.length > 0) return false;
  return state === 'ready' || state === 'read-only' || (state === 'no-primary' && !isAnyWriter);
}

interface Light {
  readonly top: Top | undefined;
  readonly system: string | undefined;
  readonly state: TopologyState;
  /** A region claims the primary, and nothing confirms it: writes may be forwarded to it, and no statement runs on it. */
  readonly claimed: boolean;
  readonly samples: Facts['samples']['list'];
  /** The older epoch on which all nodes agree, if they do. */
  readonly regressed: Epoch | undefined;
  readonly nowMs: number;
}

function judgeNode(node: NodeFacts, facts: Facts, rules: Rules, light: Light): NodeView {
  const { state, readable, lagMs } = judgeState(node, facts, rules, light);
  return {
    index: node.index,
    id: node.id,
    region: node.region,
    state,
    server: node.server,
    code: node.code,
    system: node.reading?.system,
    readable,
    timeline: node.timeline,
    position: node.reading?.position ?? 0n,
    seen: node.seen,
    lagMs,
    rttMs: node.rttMs,
    generation: node.generation,
    segmentBytes: node.reading?.segmentBytes ?? 16 * 1024 * 1024,
  };
}

interface Judgement {
  readonly state: NodeState;
  readonly readable: boolean;
  readonly lagMs?: number | undefined;
}

function judgeState(node: NodeFacts, facts: Facts, rules: Rules, light: Light): Judgement {
  if (node.reading === undefined) return { state: node.failures > 0 ? 'unreachable' : 'unknown', readable: false };
  const { top, system, state, claimed } = light;
  if (node.failures > 0) return { state: isOutlived(node.reading, top) ? 'fenced' : 'unreachable', readable: false };
  if (system !== undefined && node.reading.system !== system) return { state: 'foreign', readable: false };
  if (node.reading.inRecovery) return judgeStandby(node, facts, rules, light);
  const epoch = writtenEpoch(facts, node);
  if (epoch === undefined || isVoided(facts, epoch)) return { state: 'fenced', readable: false };
  if (top !== undefined && epoch.timeline < top.timeline) return { state: 'fenced', readable: false };
  if (state === 'twin-primaries') return { state: 'twin', readable: true };
  if (node.reading.readOnly) return { state: 'read-only', readable: true };
  return { state: state === 'ready' && !claimed ? 'primary' : 'candidate', readable: true };
}

/**
 * It was a primary in its last answer, and a newer timeline is known since. A client of it might still COMMIT there.
 */
function isOutlived({ inRecovery, system, timeline }: Reading, top: Top | undefined): boolean {
  return !inRecovery && timeline !== undefined && system === top?.system && timeline < top.timeline;
}

function judgeStandby(node: NodeFacts, facts: Facts, rules: Rules, light: Light): Judgement {
  const { top, samples, state, regressed, nowMs } = light;
  const position = node.reading?.position ?? 0n;
  if (top !== undefined && node.timeline < top.timeline) {
    // It follows what the whole cluster agrees on. It may serve reads without a position, and nothing else.
    if (regressed !== undefined) return { state: 'old-timeline', readable: node.reading?.streaming === true };
    const left = node.exact ? leftAt(facts.forks, top.system, node.timeline, top.timeline) : undefined;
    if (left !== undefined && position > left) return { state: 'fenced', readable: false };
    const inGrace = nowMs - top.firstKnownAtMs < rules.maxLagMs && node.fresh !== false;
    return { state: 'old-timeline', readable: inGrace };
  }
  const first = samples[0];
  if (state !== 'ready' || first === undefined) {
    // Lag is judged only against a known primary. A standby that was fresh when the primary was lost stays readable.
    const fresh = node.fresh !== false;
    return { state: fresh ? 'replica' : 'stale', readable: fresh };
  }
  const lagMs = lagAt(samples, position, node.readAtMs);
  if (lagMs !== undefined) {
    const fresh = lagMs <= rules.maxLagMs;
    return { state: fresh ? 'replica' : 'stale', readable: fresh, lagMs };
  }
  // The position is older than the observation of the primary. Keep the former judgement until the primary has been
  // observed long enough.
  const fresh = node.fresh === true && nowMs - first.atMs < rules.maxLagMs;
  return { state: fresh ? 'replica' : 'stale', readable: fresh };
}
