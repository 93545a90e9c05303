import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@regionkit/core/kit';
import type { Emit } from '../events.ts';
import { sameEpoch } from '../history/epoch.ts';
import type { EpochStore } from '../history/epoch-store.ts';
import type { Stored } from '../topology/facts.ts';
import { isVoided } from '../topology/learn.ts';
import type { LiveTopology } from '../topology/live-topology.ts';
import type { Topology } from '../topology/topology.ts';
import { voidedHere } from '../topology/voids.ts';
import { isMadeUp } from '../topology/writer.ts';
import { failureOf } from './store-failure.ts';
import { readStored, writeStored } from './stored.ts';

/** Keeps the highest epoch in the app's store, and loads what the store contains. */
export interface EpochKeeper {
  /** Saves the known state if it is more than before, or if the last save failed. Call it after each change. */
  keep(topology: Topology, before: Topology): void;
}

export interface KeeperOptions {
  readonly live: LiveTopology;
  readonly clock: Clock;
  /** A slower store counts as missing until it answers. A failed operation is retried after this time. */
  readonly timeoutMs: number;
  readonly emit: Emit;
  /** Whether what is known is too old to start a write. */
  isStale(): boolean;
}

/** A store that is kept in a way of its own makes its keeper by the method of this name. */
export const KEEPER: unique symbol = Symbol.for('regionkit.epoch-keeper');

/** Keeps `store` in its own way, or else as one that all regions share. Starts to load at once. */
export function keepEpochs(
  store: EpochStore & { [KEEPER]?(options: KeeperOptions): EpochKeeper },
  options: KeeperOptions,
): EpochKeeper {
  return store[KEEPER]?.(options) ?? createEpochKeeper(store, options);
}

const MAX_CONFLICTS = 5;

/** Starts to load at once. */
export function createEpochKeeper(
  store: EpochStore,
  { live, clock, timeoutMs, emit }: Omit<KeeperOptions, 'isStale'>,
): EpochKeeper {
  const applyStored = (stored: Stored | undefined): void => live.apply({ type: 'store', stored, atMs: clock.now() });
  const failed = (action: 'load' | 'save', error?: unknown): void => {
    const reason = failureOf(error);
    emit('store-failed', { action, ...(reason !== undefined && { reason }) });
  };

  // What a request's token adds is saved for the whole process. The store must not get the context of the request.
  const inBackground = AsyncLocalStorage.snapshot();
  const load = async (): Promise<{ readonly value?: string; readonly stored?: Stored }> => {
    const value: unknown = await store.load();
    if (value === undefined || value === null) return {};
    const stored = typeof value === 'string' ? readStored(value) : undefined;
    if (stored !== undefined) return { value: value as string, stored };
    failed('load');
    return typeof value === 'string' ? { value } : {};
  };
  const giveUp = (error?: unknown): void => {
    failed('load', error);
    applyStored(undefined);
  };
  const cancel = clock.schedule(giveUp, timeoutMs);
  void load()
    .then(({ stored }) => applyStored(stored), giveUp)
    .finally(cancel);

  /** Whether there is more to save than the store is known to contain. */
  let isDue = false;
  let isSaving = false;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let conflicts = 0;

  /** Load first what another process saved meanwhile: a lower epoch must not replace a higher one. */
  const save = async (): Promise<void> => {
    const { value: before, stored } = await load();
    if (stored !== undefined) applyStored(stored);
    const epoch = live.topology.highest;
    if (epoch === undefined) return;
    isDue = false;
    const { facts } = live.store;
    const { owners: all, forks } = facts;
    const voided = voidedHere(facts);
    const owners = all.filter(({ owner }) => !isMadeUp(owner));
    const others = (stored?.voided ?? []).filter(
      (known) => !isVoided({ voided }, known) && !owners.some((owner) => sameEpoch(owner, known)),
    );
    const value = writeStored({ epoch, owners, forks, voided: [...voided, ...others] });
    if (value !== before) await store.save(value, before);
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
    const end = (saved: boolean, error?: unknown): void => {
      stopWaiting();
      // A late save may have replaced something newer.
      if (!saved || isLate) isDue = true;
      if (isLate) return;
      isSaving = false;
      // All processes save the same news at the same moment. The next load shows what the others have saved.
      const isOvertaken = failureOf(error) === 'conflict' && conflicts < MAX_CONFLICTS;
      conflicts = isOvertaken ? conflicts + 1 : 0;
      if (!saved && !isOvertaken) failed('save', error);
      else if (isDue) begin();
    };
    void save().then(
      () => end(true),
      (error: unknown) => end(false, error),
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
