import type { NodeTarget, Operations } from '../config/check-config.ts';
import { askState } from '../failover/survey/ask-state.ts';
import type { NodeState } from '../failover/survey/node-state.ts';
import type { Answer } from '../postgres/ask.ts';

export interface OldServer {
  readonly node: NodeTarget;
  readonly answer: Answer<NodeState>;
}

/** The servers of a region, without the one that is to be promoted, and what they say. */
export function askOldServers(
  config: Operations,
  region: string,
  target: string | undefined,
  signal: AbortSignal,
): Promise<readonly OldServer[]> {
  const nodes = config.nodes.filter((node) => node.region === region && node.id !== target);
  return Promise.all(nodes.map(async (node) => ({ node, answer: await askState(config, node, signal) })));
}
