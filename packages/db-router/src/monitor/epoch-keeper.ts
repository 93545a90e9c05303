import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@regionkit/core/kit';
import type { Emit } from '../events.ts';
import { sameEpoch } from '../history/epoch.ts';
import type { EpochStore } from '../history/epoch-store.ts';
import type { Stored } from '../topology/facts.ts';
import { isVoided } from '../topology/learn.ts';
import type { LiveTopology } from '../topology/live-topology.ts';
import type { Topology } from '../topology/topology.ts';
import { isMadeUp } from '../topology/writer.ts';
import { readStored, writeStored } from './stored.ts';

/** Keeps the highest epoch in the app's store, and loads what the store contains. */
export interface EpochKeeper {
  /** Saves the known state if it is more than before, or if the last save failed. Call it after each change. */
  keep(topology: Topology, before: Topology): void;
}

export interface EpochKeeperOptions {
  readonly store: EpochStore;
  readonly live: LiveTopology;
  readonly clock: Clock;
  /** A slower store counts as missing until it answers. A failed operation is retried after this time. */
  readonly timeoutMs: number;
  readonly emit: Emit;
}

/** Starts to load at once. */
export function createEpochKeeper({ store, live, clock, timeoutMs, emit }: EpochKeeperOptions): EpochKeeper {
  const applyStored = (stored: Stored | undefined): void => live.take({ type: 'store', stored, atMs: clock.now() });
  const failed = (action: 'load' | 'save'): void => emit('store-failed', { action });

  // What a request's token adds is saved for the whole process. The store must not get the context of the request.
  const inBackground = AsyncLocalStorage.snapshot();
  const load = async (): Promise<Stored | undefined> => {
    const value: unknown = await store.load();
    if (value === undefined || value === null) return undefined;
    const stored = typeof value === 'string' ? readStored(value) : undefined;
    if (stored === undefined) failed('load');
    return stored;
  };
  const giveUp = (): void => {
    failed('load');
    applyStored(undefined);
  };
  const cancel = clock.schedule(giveUp, timeoutMs);
  void load().then(applyStored, giveUp).finally(cancel);

  /** Whether there is more to save than the store is known to contain. */
  let isDue = false;
  let isSaving = false;
  let triedAtMs = Number.NEGATIVE_INFINITY;

  /** Load first what another process saved meanwhile: a lower epoch must not replace a higher one. */
  const save = async (): Promise<void> => {
    const stored = await load();
    if (stored !== undefined) applyStored(stored);
    const epoch = live.topology.highest;
    if (epoch === undefined) return;
    isDue = false;
    const { owners: all, forks, voided } = live.store.facts;
    const owners = all.filter(({ owner }) => !isMadeUp(owner));
    const others = (stored?.voided ?? []).filter(
      (known) => !isVoided({ voided }, known) && !owners.some((owner) => sameEpoch(owner, known)),
    );
    await store.save(writeStored({ epoch, owners, forks, voided: [...voided, ...others] }));
  };

  const begin = (): void => {
    isSaving = true;
    triedAtMs = clock.now();
    let isLate = false;
    const stopWaiting = clock.schedule(() => {
      isLate = true;
      isSaving = false;
      isDue = true;
      failed('save');
    }, timeoutMs);
    const end = (saved: boolean): void => {
      stopWaiting();
      // A late save may have replaced something newer.
      if (!saved || isLate) isDue = true;
      if (isLate) return;
      isSaving = false;
      if (!saved) failed('save');
      else if (isDue) begin();
    };
    void save().then(
      () => end(true),
      () => end(false),
    );
  };

  return {
    keep: (topology, before) => {
      const same =
        topology.top === before.top &&
        topology.forks === before.forks &&
        topology.owners === before.owners &&
        topology.accepted === before.accepted;
      // An epoch that is only reported, and was never accepted, is not saved: other processes would trust it.
      if (!topology.accepted) return;
      const wasDue = isDue;
      if (!same) isDue = true;
      if (isDue && !isSaving && (!wasDue || clock.now() - triedAtMs >= timeoutMs)) inBackground(begin);
    },
  };
}
