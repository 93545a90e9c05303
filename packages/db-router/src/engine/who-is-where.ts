import type { NodeSituation } from '../errors.ts';
import type { Topology } from '../topology/topology.ts';

/** The state of every node, for an error. */
export function whoIsWhere({ nodes }: Topology): readonly NodeSituation[] {
  return nodes.map(({ id, state, timeline, system, code }) => ({
    node: id,
    state,
    timeline,
    ...(system !== undefined && { system }),
    ...(code !== undefined && { code }),
  }));
}
