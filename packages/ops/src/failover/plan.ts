import type { FailoverSettings } from '../config/check-failover.ts';
import { bytesOfLsn } from '../postgres/lsn.ts';
import type { AcceptLoss } from './accept-loss.ts';
import { type KnownNode, type Situation, standbys } from './survey/situation.ts';

/** `failover`: the primary is gone. `switchover`: it is well, and gives its role away. */
export type Mode = 'failover' | 'switchover';

/** What the operator asked for. Written into the run file, so that `resume` needs no other option. */
export interface Proposal {
  readonly mode: Mode;
  readonly adapter: FailoverSettings['adapter'];
  /** The region that loses the primary. */
  readonly from: string;
  /** The server to promote. Undefined while none can be. */
  readonly target: string | undefined;
  /** The region in which this machine stands, if the operator said so. */
  readonly here: string | undefined;
  readonly acceptLoss: AcceptLoss;
  readonly stableMs: number;
  readonly appsWithinMs: number;
  readonly rebuild: boolean;
  /** Nothing is promoted unless the old primary was fenced, also where its region does not answer. */
  readonly requireFence: boolean;
  /** The writes that only the old primary has are given up. */
  readonly discardTail: boolean;
}

/** A proposal with a server to promote. */
export type Plan = Proposal & { readonly target: string };

export const regionOf = (node: string): string => node.slice(0, node.lastIndexOf('/'));

/** The standbys of other regions, the one that has most of the WAL first. */
export function candidates(situation: Situation, from: string): readonly KnownNode[] {
  return standbys(situation)
    .filter(({ region }) => region !== from)
    .sort(furthestFirst);
}

export function furthestFirst({ state: a }: KnownNode, { state: b }: KnownNode): number {
  if (a.timeline !== b.timeline) return b.timeline - a.timeline;
  const [ahead, behind] = [bytesOfLsn(b.position), bytesOfLsn(a.position)];
  return ahead === behind ? 0 : ahead > behind ? 1 : -1;
}

/** The server to promote: what was asked for (a region or a server), or the one that has most. */
export function chooseTarget(situation: Situation, from: string, to: string | undefined): string | undefined {
  const all = candidates(situation, from);
  return (to === undefined ? all[0] : all.find(({ id, region }) => id === to || region === to))?.id;
}
