import type { Operations } from '../config/check-config.ts';
import type { Answer } from '../postgres/ask.ts';
import type { NodeFacts, Promotions, Tail } from './facts.ts';
import type { Front } from './front/front.ts';
import type { ExaminedPatroni } from './manager/patroni.ts';
import type { ExaminedProcesses, ProcessFacts } from './processes.ts';

/** A server and what it said. */
export interface ExaminedNode {
  readonly id: string;
  readonly region: string;
  readonly answer: Answer<NodeFacts>;
  /** This machine's clock halfway between question and answer, in milliseconds since 1970, and half of that time. */
  readonly askedAtMs: number;
  readonly uncertainMs: number;
}

/** Everything that was measured. The checks are functions of it, and measure nothing. */
export interface Fleet {
  readonly config: Operations;
  readonly nodes: readonly ExaminedNode[];
  readonly front: Front;
  readonly managers: readonly ExaminedPatroni[];
  /** Empty where the app has no operator door. */
  readonly processes: readonly ProcessFacts[];
  /** The regions whose operator door did not answer, and why. */
  readonly silentDoors: ExaminedProcesses['silent'];
  /** This machine's clock, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** A server that answered. */
export interface KnownNode {
  readonly id: string;
  readonly region: string;
  readonly facts: NodeFacts;
  /** How far its clock is ahead of this machine's, in milliseconds, and how wrong that may be. */
  readonly aheadMs: number;
  readonly uncertainMs: number;
}

export const known = ({ nodes }: Fleet): readonly KnownNode[] =>
  nodes.flatMap(({ id, region, answer, askedAtMs, uncertainMs }) =>
    answer.ok ? [{ id, region, facts: answer.value, aheadMs: answer.value.nowMs - askedAtMs, uncertainMs }] : [],
  );

/** The servers that take writes. In a healthy setup there is one. */
export const writable = (fleet: Fleet): readonly KnownNode[] => known(fleet).filter(({ facts }) => !facts.inRecovery);

export const standbys = (fleet: Fleet): readonly KnownNode[] => known(fleet).filter(({ facts }) => facts.inRecovery);

/** The server that takes writes; the one with the highest timeline where several do. */
export const writer = (fleet: Fleet): KnownNode | undefined =>
  [...writable(fleet)].sort((one, other) => other.facts.timeline - one.facts.timeline)[0];

/** A standby and the writer whose WAL it receives, on one timeline. Without it their positions cannot be compared. */
export interface Followed {
  readonly standby: KnownNode;
  readonly writer: KnownNode;
}

export function followed(fleet: Fleet): readonly Followed[] {
  const source = writer(fleet);
  if (source === undefined) return [];
  return standbys(fleet)
    .filter(({ facts }) => facts.system === source.facts.system)
    .map((standby) => ({ standby, writer: source }));
}

/** The server whose catalogs are read. Catalogs are replicated, so all servers have the same. */
export const catalog = (fleet: Fleet): KnownNode | undefined => writer(fleet) ?? standbys(fleet)[0];

/** What a tail keeper has on the server that takes writes. An old primary beside it keeps its slot until `salvage` has read it. */
export function tailOf(fleet: Fleet): FoundTail | undefined {
  const node = writer(fleet);
  const tail = node?.facts.tail ?? undefined;
  if (node === undefined || tail === undefined) return undefined;
  const { promotions, timeline } = node.facts;
  return { node, tail, recorded: promotions?.recorded.find((row) => row.timeline === timeline) };
}

export interface FoundTail {
  readonly node: KnownNode;
  readonly tail: Tail;
  /** What keepers have recorded on this timeline. */
  readonly recorded: Promotions['recorded'][number] | undefined;
}

/** A setting as a number, in its own unit. Undefined where the server has no such setting, or hides it. */
export function setting({ facts }: KnownNode, name: string): number | undefined {
  const value = Number(facts.settings[name] ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
