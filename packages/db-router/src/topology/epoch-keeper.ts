import type { Clock } from '@regionkit/core/kit';
import type { RouterEvents } from '../events.ts';
import { type EpochStore, readStored, writeStored } from './epoch-store.ts';
import type { LiveTopology } from './live-topology.ts';
import { highestOf, type Topology } from './topology.ts';

/** Keeps the highest epoch in the app's store, and brings back what it holds. */
export interface EpochKeeper {
  /** Saves what is known if that is more than before. One save at a time. */
  keep(topology: Topology, before: Topology): void;
}

export interface EpochKeeperOptions {
  readonly store: EpochStore;
  readonly live: LiveTopology;
  readonly clock: Clock;
  /** A store that takes longer to load counts as none until it has. */
  readonly timeoutMs: number;
  emit<E extends keyof RouterEvents>(event: E, payload: RouterEvents[E]): void;
}

/** Begins to load at once. */
export function createEpochKeeper({ store, live, clock, timeoutMs, emit }: EpochKeeperOptions): EpochKeeper {
  const take = (value: string | undefined): void => {
    const stored = value === undefined ? undefined : readStored(value);
    live.take({ type: 'store', stored, atMs: clock.now() });
  };
  const failed = (action: 'load' | 'save'): void => emit('store-failed', { action });
  const cancel = clock.schedule(() => {
    failed('load');
    take(undefined);
  }, timeoutMs);
  void (async () => store.load())()
    .then(take, () => {
      failed('load');
      take(undefined);
    })
    .finally(cancel);

  let saving: Promise<void> = Promise.resolve();
  const save = async (): Promise<void> => {
    const epoch = highestOf(live.topology);
    if (epoch === undefined) return;
    const { owners, forks, voided } = live.store.facts;
    await store.save(writeStored({ epoch, owners, forks, voided })).catch(() => failed('save'));
  };
  return {
    keep: (topology, before) => {
      const same =
        topology.top === before.top &&
        topology.forks === before.forks &&
        topology.owners === before.owners &&
        topology.accepted === before.accepted;
      // What was only heard of, and never accepted, is not worth another process's belief.
      if (!same && topology.accepted) saving = saving.then(save);
    },
  };
}
