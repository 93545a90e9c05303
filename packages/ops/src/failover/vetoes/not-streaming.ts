import { isStreaming } from '../survey/streams.ts';
import type { Veto } from './veto.ts';

/** A switchover loses nothing because the target receives everything. */
export const notStreaming: Veto = {
  id: 'not-streaming',
  object: ({ plan: { mode }, target, isFencing }) =>
    mode === 'failover' || isFencing || target === undefined || isStreaming(target.state)
      ? undefined
      : {
          where: target.id,
          evidence: `${target.id} does not stream from the primary.`,
          fix: 'Repair its replication first. If the primary is gone, use --mode failover.',
        },
};
