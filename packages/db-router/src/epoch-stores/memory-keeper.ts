import type { EpochStore } from '../history/epoch-store.ts';
import type { EpochKeeper, KeeperOptions } from '../monitor/epoch-keeper.ts';
import { failureOf } from '../monitor/store-failure.ts';
import { readStored, writeStored } from '../monitor/stored.ts';
import type { Stored } from '../topology/facts.ts';
import { vouchOf } from '../topology/local-report.ts';

/** A store of one process, which knows how old its value is. */
export interface MemoryStore extends EpochStore {
  /** A value that was saved longer ago than this is not believed. In milliseconds. */
  readonly maxGapMs: number;
  /** The time since the call of `save()` that saved what `load()` returned, or since the last `save()`. */
  gapMs(): number;
}

/** A confirmation may fail three times before the file is too old. */
const CONFIRMATIONS = 4;
/** In these states a process that was only vouched for sees no contradiction. */
const CALM: readonly string[] = ['ready', 'read-only', 'no-primary'];

/**
 * Saves what this process would tell a sibling in a store that only this process uses. After a restart the process learns from it, as
 * it would from a sibling. A higher epoch is
 * acted on only when the store has it, or when what the store has is too old to be believed. Starts to load at once.
 */
export function createMemoryKeeper(store: MemoryStore, options: KeeperOptions): EpochKeeper {
  const { live, clock, timeoutMs, emit } = options;
  /** What a process would believe at worst that started now: the timeline in the store, and until when it is young enough. */
  let kept = { timeline: Number.POSITIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY };
  let saved: string | undefined;
  let savedAtMs = Number.NEGATIVE_INFINITY;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let isBusy = true;
  let stopWaiting: () => void = () => {};

  /** No sooner than `kept` says may the process act on more than is kept. */
  const publish = (): void => {
    stopWaiting();
    const leftMs = kept.untilMs - clock.now();
    const timeline = leftMs > 0 ? kept.timeline : Number.POSITIVE_INFINITY;
    if (leftMs > 0) stopWaiting = clock.schedule(publish, leftMs + 1);
    if (timeline !== live.store.facts.syncedTimeline) live.apply({ type: 'synced', timeline, atMs: clock.now() });
  };
  const keepUntil = (timeline: number, untilMs: number): void => {
    kept = { timeline, untilMs };
    publish();
  };

  const remember = (stored: Stored | undefined): void => {
    const untilMs = clock.now() + store.maxGapMs - store.gapMs();
    if (stored?.vouches !== undefined) keepUntil(stored.epoch.timeline, untilMs);
    isBusy = false;
    live.apply({ type: 'remembered', stored, untilMs, atMs: clock.now() });
  };
  const giveUp = (error: unknown): void => {
    const reason = failureOf(error);
    emit('store-failed', { action: 'load', ...(reason !== undefined && { reason }) });
    failedAtMs = clock.now();
    // The next process may be able to read what this one could not. Another process's file is not for it.
    if (reason !== 'in-use') keepUntil(0, clock.now() + store.maxGapMs);
    isBusy = false;
    live.apply({ type: 'remembered', stored: undefined, untilMs: 0, atMs: clock.now() });
  };
  let isLate = false;
  const cancelLoad = clock.schedule(() => {
    isLate = true;
    giveUp(undefined);
  }, timeoutMs);
  void store
    .load()
    .then((value) => isLate || remember(value === undefined ? undefined : readStored(value)))
    .catch((error: unknown) => isLate || giveUp(error))
    .finally(cancelLoad);

  /** What this process would tell a sibling now. Undefined: nothing that should replace what is kept. */
  const now = (): string | undefined => {
    const { topology, store: known } = live;
    const { highest: epoch, vouches, state } = topology;
    const { vouched, forks, voided } = known.facts;
    if (!topology.accepted || epoch === undefined) return undefined;
    if (vouches && options.isStale()) return undefined;
    const isCalm = CALM.includes(state) && voided.length === 0 && epoch.timeline <= kept.timeline;
    if (!vouches && vouched && isCalm) return undefined;
    const stored = { epoch, owners: [], forks, voided: [] };
    return writeStored(vouches ? { ...stored, vouches: vouchOf(topology, known.facts) } : stored);
  };

  const save = (value: string): void => {
    isBusy = true;
    const { vouches, highest } = live.topology;
    const timeline = highest?.timeline ?? 0;
    savedAtMs = clock.now();
    const untilMs = savedAtMs + store.maxGapMs;
    // Until it has ended, either may be in the store.
    if (vouches && (kept.untilMs <= savedAtMs || kept.timeline >= timeline)) keepUntil(timeline, untilMs);
    const failed = (error?: unknown): void => {
      const reason = failureOf(error);
      if (failedAtMs === Number.NEGATIVE_INFINITY)
        emit('store-failed', { action: 'save', ...(reason !== undefined && { reason }) });
      failedAtMs = clock.now();
      // It is the file of another process, and nothing of this one is in it.
      if (reason === 'in-use') keepUntil(0, Number.NEGATIVE_INFINITY);
    };
    const cancel = clock.schedule(failed, timeoutMs);
    store
      .save(value, saved)
      .then(() => {
        saved = value;
        failedAtMs = Number.NEGATIVE_INFINITY;
        keepUntil(timeline, vouches ? untilMs : Number.NEGATIVE_INFINITY);
      }, failed)
      .finally(() => {
        cancel();
        isBusy = false;
        step();
      });
  };

  const step = (): void => {
    if (isBusy || clock.now() - failedAtMs < timeoutMs) return;
    const value = now();
    if (value === undefined) return;
    const isDue = live.topology.vouches && clock.now() - savedAtMs >= store.maxGapMs / CONFIRMATIONS;
    if (value !== saved || isDue) save(value);
  };

  return { keep: step };
}
