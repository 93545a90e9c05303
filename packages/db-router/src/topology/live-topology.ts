import type { Epoch } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';
import type { Emit } from '../events.ts';
import { sameEpoch } from '../history/epoch.ts';
import type { Input, Rules } from './facts.ts';
import { nothingKnown, reduce, type TopologyStore } from './reduce.ts';
import type { Topology } from './topology.ts';

/** The current topology, with the clock and the listeners that the pure reducer does not have. */
export interface LiveTopology {
  readonly store: TopologyStore;
  readonly topology: Topology;
  /** The time of the oldest last probe of all nodes. The known state is as old as that. */
  readonly oldestProbeMs: number;
  /** Since when a primary is accepted. Undefined while none is. */
  readonly acceptedAtMs: number | undefined;
  apply(input: Input): void;
  close(): void;
}

export interface LiveTopologyOptions {
  readonly nodes: readonly { readonly id: string; readonly region: string }[];
  readonly rules: Rules;
  readonly clock: Clock;
  readonly hasStore: boolean;
  readonly emit: Emit;
  /** Called after each change, before its events are emitted. */
  onChange(topology: Topology, before: Topology): void;
}

export function createLiveTopology(options: LiveTopologyOptions): LiveTopology {
  const { clock, rules, nodes } = options;
  let store = nothingKnown(nodes, rules, { store: options.hasStore, nowMs: clock.now() });
  let oldestProbeMs = Number.NEGATIVE_INFINITY;
  let acceptedAtMs: number | undefined;
  let cancel: () => void = () => {};
  let closed = false;

  const apply = (input: Input): void => {
    if (closed) return;
    const before = store.topology;
    const { next, events } = reduce(store, input, rules);
    if (next === store) return;
    store = next;
    acceptedAtMs = next.topology.accepted ? (acceptedAtMs ?? clock.now()) : undefined;
    oldestProbeMs = Math.min(...next.facts.nodes.map(({ triedAtMs }) => triedAtMs));
    cancel();
    const { nextChangeMs } = next.topology;
    if (Number.isFinite(nextChangeMs)) {
      cancel = clock.schedule(() => apply({ type: 'tick', atMs: clock.now() }), nextChangeMs - clock.now() + 1);
    }
    options.onChange(next.topology, before);
    for (const [event, payload] of events) options.emit(event, payload as never);
  };

  return {
    get store() {
      return store;
    },
    get topology() {
      return store.topology;
    },
    get oldestProbeMs() {
      return oldestProbeMs;
    },
    get acceptedAtMs() {
      return acceptedAtMs;
    },
    apply,
    close: () => {
      closed = true;
      cancel();
    },
  };
}

/**
 * Whether `epoch` is already known as the highest. This is the usual case, and fast to check. The same epoch of another
 * server is news: the known server was restarted.
 */
export function isKnownTop({ highest }: Topology, epoch: Epoch): boolean {
  return highest !== undefined && sameEpoch(highest, epoch) && (epoch.server ?? highest.server) === highest.server;
}
