import type { Clock } from '@regionkit/core/kit';
import type { LiveTopology } from '../topology/live-topology.ts';
import type { Reading } from '../topology/readings.ts';

/**
 * Whether a connection of a pool leads to the server that is known under its node. Returns the generation of the node it is
 * then verified on; undefined when it leads to another server.
 */
export type ServerCheck = (index: number, reading: Reading, sentAtMs: number) => Promise<number | undefined>;

export function createServerCheck({
  live,
  clock,
  probeAnew,
}: {
  readonly live: LiveTopology;
  readonly clock: Clock;
  /** The node under this name may be another server by now. */
  probeAnew(index: number): Promise<void>;
}): ServerCheck {
  const matching = (index: number, reading: Reading): Reading | undefined => {
    const known = live.store.facts.nodes[index]?.reading;
    return known?.server === reading.server && known.system === reading.system ? known : undefined;
  };
  return async (index, reading, sentAtMs) => {
    if (matching(index, reading) === undefined) await probeAnew(index);
    const known = matching(index, reading);
    if (known === undefined) return undefined;
    // `default_transaction_read_only` is a setting of the session, and the app may have changed it in this one. The
    // probe's value counts.
    const { readOnly } = known;
    live.apply({ type: 'reading', node: index, reading: { ...reading, readOnly }, sentAtMs, atMs: clock.now() });
    return live.topology.nodes[index]?.generation;
  };
}
