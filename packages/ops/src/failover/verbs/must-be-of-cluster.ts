import type { Operations } from '../../config/check-config.ts';
import { OpsError } from '../../errors.ts';
import { askState } from '../survey/ask-state.ts';

interface Run {
  readonly id: string;
  readonly target: string;
  /** The cluster of the run. Undefined: not recorded. */
  readonly system: string | undefined;
}

/**
 * Regions of two clusters may have the same names (production and staging). A run that goes on with the wrong one would fence a healthy
 * primary.
 *
 * @throws {OpsError} `ERR_OPS_USAGE`: a server that answers is of another cluster
 */
export async function mustBeOfCluster(
  config: Operations,
  { id: run, target, system }: Run,
  signal: AbortSignal,
): Promise<void> {
  if (system === undefined) return;
  // The server to promote almost always answers, and those of a lost region take their time.
  const isTarget = ({ id }: { readonly id: string }): boolean => id === target;
  for (const part of [config.nodes.filter(isTarget), config.nodes.filter((node) => !isTarget(node))]) {
    const answers = await Promise.all(
      part.map(async (node) => ({ node, answer: await askState(config, node, signal) })),
    );
    signal.throwIfAborted();
    const known = answers.flatMap(({ node, answer }) =>
      answer.ok ? [{ id: node.id, system: answer.value.system }] : [],
    );
    const other = known.find((one) => one.system !== system);
    if (other !== undefined) {
      throw new OpsError(
        'ERR_OPS_USAGE',
        `the run ${run} is of another database cluster than ${other.id}, so nothing was done: name the configuration of the run (--config), or a run of this cluster (--run, --runs)`,
      );
    }
    if (known.length > 0) return;
  }
}
