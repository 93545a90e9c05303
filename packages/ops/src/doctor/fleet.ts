import type { Operations } from '../config/check-config.ts';
import type { Answer } from '../postgres/ask.ts';
import type { NodeFacts } from './facts.ts';

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
}

/** A server that answered. */
export interface KnownNode {
  readonly id: string;
  readonly region: string;
  readonly facts: NodeFacts;
}

const known = ({ nodes }: Fleet): readonly KnownNode[] =>
  nodes.flatMap(({ id, region, answer }) => (answer.ok ? [{ id, region, facts: answer.value }] : []));

/** The servers that take writes. In a healthy setup there is one. */
export const writable = (fleet: Fleet): readonly KnownNode[] => known(fleet).filter(({ facts }) => !facts.inRecovery);

export const standbys = (fleet: Fleet): readonly KnownNode[] => known(fleet).filter(({ facts }) => facts.inRecovery);
