import type { PoolNode } from '../connection/node.ts';
import { NodeFencedError, NodeUnavailableError } from '../errors.ts';
import type { Topology } from '../topology/topology.ts';

/**
 * Makes the connections of each node what its state allows: a node that is fenced loses all of them, one that cannot be
 * reached keeps no caller waiting.
 *
 * @param onFenced a node was fenced, and so many connections were destroyed
 */
export function applyStates(
  nodes: readonly PoolNode[],
  topology: Topology,
  before: Topology,
  onFenced: (node: PoolNode, connections: number) => void,
): void {
  for (const view of topology.nodes) {
    const node = nodes[view.index];
    if (node === undefined) continue;
    node.generation = view.generation;
    node.guarded = view.state === 'twin' || view.state === 'candidate';
    const was = before.nodes[view.index]?.state;
    if (was === view.state) continue;
    // A client of it that was handed out while it was the only primary could still COMMIT on it.
    if (node.guarded && (was === 'primary' || was === 'candidate')) node.destroyAll(new NodeFencedError(node.id));
    if (view.state === 'fenced' || view.state === 'foreign') {
      node.rejectWaiting(new NodeUnavailableError(node.id));
      const connections = node.destroyAll(new NodeFencedError(node.id));
      if (view.state === 'fenced') onFenced(node, connections);
    } else if (view.state === 'unreachable') node.rejectWaiting(new NodeUnavailableError(node.id));
  }
}
