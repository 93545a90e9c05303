import type { Epoch } from '@regionkit/core';
import { leftAt } from '../history/epoch.ts';
import type { NodeState, TopologyState } from '../reasons.ts';
import { type Facts, type NodeFacts, type Rules, writtenEpoch } from './facts.ts';
import { lagAt } from './lag.ts';
import { isVoided } from './learn.ts';
import type { Reading } from './readings.ts';
import type { NodeView, Top } from './topology.ts';

/** What is known of the whole cluster, in which one node is judged. */
export interface JudgeContext {
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

/** Judges one node. Pure. */
export function judgeNode(node: NodeFacts, facts: Facts, rules: Rules, context: JudgeContext): NodeView {
  const { state, readable, lagMs } = judgeState(node, facts, rules, context);
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

function judgeState(node: NodeFacts, facts: Facts, rules: Rules, context: JudgeContext): Judgement {
  if (node.reading === undefined) return { state: node.failures > 0 ? 'unreachable' : 'unknown', readable: false };
  const { top, system, state, claimed } = context;
  if (node.failures > 0) return { state: isOutlived(node.reading, top) ? 'fenced' : 'unreachable', readable: false };
  if (system !== undefined && node.reading.system !== system) return { state: 'foreign', readable: false };
  if (node.reading.inRecovery) return judgeStandby(node, facts, rules, context);
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

function judgeStandby(node: NodeFacts, facts: Facts, rules: Rules, context: JudgeContext): Judgement {
  const { top, samples, state, regressed, nowMs } = context;
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
