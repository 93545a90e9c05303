import type { Epoch } from '@regionkit/core';
import { type Facts, isResponding, knownEpoch, type NodeFacts, type Rules, writtenEpoch } from './facts.ts';
import { isVoided } from './learn.ts';
import type { PrimaryView, Top } from './topology.ts';
import { regionOf } from './writer.ts';

/** No answer in time. A server that has gone refuses, or ends the connection. */
const SILENT = /^(?:ETIMEDOUT|timeout)$/;

export interface Writer {
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

/**
 * Who writes the highest timeline: a node that was probed, or else what a region's own document reports as measured.
 */
export function findWriter(facts: Facts, rules: Rules, top: Top | undefined, nowMs: number): Writer | undefined {
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
 * Whether a node may hide a running primary. Its probe times out, and its last answer came from a primary of this
 * timeline. That server may still run, even if the name of the pool leads to another server now.
 * This holds for at most `maxViewAgeMs`: a network that drops every answer must not stop the writes of a restarted server.
 */
export function mayHide(node: NodeFacts, top: Top, rules: Rules, nowMs: number): boolean {
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
