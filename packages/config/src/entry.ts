import { createHmac, randomBytes } from 'node:crypto';
import { serialize } from 'node:v8';
import { noteMoment } from '@regionkit/core/kit';
import { type Answer, askAll, askInTurn, type NoAnswer, type Question } from './ask-regions.ts';
import { withDeadline } from './deadline.ts';
import type { Elapsed } from './elapsed.ts';
import { ConfigError } from './errors.ts';
import { asSourceError, type Failure, type SourceError } from './failure.ts';
import type { Settings } from './options.ts';
import { type Box, seal } from './seal.ts';
import type { Scope, Source, Stage } from './source.ts';
import type { KeyStatus, RefreshError } from './status.ts';
import { validate } from './validate.ts';
import { type HeldVersion, judge, type ReportedVersion } from './version-order.ts';

/** The result of a refresh. */
export type RefreshResult =
  | { readonly outcome: 'changed' | 'unchanged' | 'held' }
  | { readonly outcome: 'failed'; readonly error: SourceError };

/** What an entry reports to its config. */
interface EntryHooks {
  onRefreshed(entry: Entry, result: RefreshResult): void;
  onFallback(entry: Entry, from: string, to: string, failure: Failure): void;
}

export interface EntryOptions {
  readonly key: string;
  readonly source: Source;
  readonly settings: Settings;
  readonly elapsed: Elapsed;
  readonly scope: Scope;
  readonly signal: AbortSignal;
  /**
   * The key of the digests that compare values. It is random for each config, so that a digest cannot confirm a guess.
   */
  readonly salt: Buffer;
  readonly hooks: EntryHooks;
}

/** Holds the value of a key, in an object of its own to make reads fast. */
interface Slot {
  box: Box;
}

/** One key with its current value and its history. */
export interface Entry {
  readonly key: string;
  readonly source: Source;
  readonly everyMs: number;
  /** The current value. `get` only reads `slot.box.value`. */
  readonly slot: Slot;
  readonly version: string | undefined;
  readonly failures: number;
  readonly lastError: { readonly source: SourceError; readonly shown: RefreshError } | undefined;
  readonly holding: HeldVersion | undefined;
  /**
   * Refreshes the value: from the regions in turn, or with `forced` from all at once, to use the newest. Concurrent
   * calls share one refresh.
   */
  refresh(forced: boolean): Promise<RefreshResult>;
  /** Returns the value of another stage, the newest that any region has. It never mixes with the current one. */
  at(stage: Exclude<Stage, 'current'>): Promise<Box | undefined>;
  status(): KeyStatus;
  /** Applies `onExpired`. */
  expire(): void;
}

const EMPTY: Box = seal(undefined);

export function createEntry(options: EntryOptions): Entry {
  const { key, source, settings, elapsed, scope, signal, salt, hooks } = options;
  const { refresh, clock } = settings;
  const regions = source.regions === undefined ? settings.regions : source.regions;
  const question: Omit<Question, 'stage'> = {
    source,
    scope,
    signal,
    clock,
    timeoutMs: refresh.timeoutMs,
    regions: regions.length === 0 ? settings.regions.slice(0, 1) : regions,
    fallbackOn: new Set(refresh.fallbackOn),
    onFallback: (from, to, failure) => hooks.onFallback(entry, from, to, failure),
  };
  const expired: Box = Object.freeze({
    get value(): never {
      throw new ConfigError('ERR_CONFIG_EXPIRED', `config.get: ${key} could not be refreshed for too long`);
    },
  });

  let good: Box = EMPTY;
  const slot: Slot = { box: EMPTY };
  let current: (ReportedVersion & { readonly endpoint: string | undefined; readonly label: string }) | undefined;
  let reportedBy = new Set<string>();
  let held: HeldVersion | undefined;
  let confirmedAtMs: number | undefined;
  let lastError: Entry['lastError'];
  let changes = 0;
  let background: Promise<RefreshResult> | undefined;
  let forced: Promise<RefreshResult> | undefined;
  let expiredNow = false;

  const digest = (value: unknown): string => {
    let bytes: Buffer;
    try {
      bytes = serialize(value);
    } catch {
      // A value with functions in it cannot be compared. It counts as new each time.
      bytes = randomBytes(16);
    }
    return createHmac('sha256', salt).update(bytes).digest('base64');
  };
  const shape = (value: unknown): Promise<Box> =>
    withDeadline({ clock, timeoutMs: refresh.timeoutMs, signal }, async () =>
      seal(source.schema === undefined ? value : await validate(source.schema, value)),
    );

  const confirm = (): void => {
    confirmedAtMs = elapsed.now();
    expiredNow = false;
    slot.box = good;
  };

  const adopt = async ({ loaded, region }: Answer): Promise<RefreshResult> => {
    const reported: ReportedVersion = {
      version: loaded.version,
      createdAt: loaded.createdAt,
      digest: digest(loaded.value),
      region,
    };
    const verdict = judge({ current, reportedBy, held }, reported, {
      nowMs: elapsed.now(),
      firstRegion: question.regions[0] as string,
      maxLagMs: refresh.maxLagMs,
    });
    if (verdict.action === 'hold') {
      held = verdict.held;
      lastError = undefined;
      // Regions without replication may have the same value under different versions. The value is confirmed anyway.
      if (reported.digest === current?.digest) confirm();
      return { outcome: 'held' };
    }
    // A touched file or a secret that was stored again has a new version of the same value. That is no change.
    const changed = reported.digest !== current?.digest;
    if (changed) {
      good = await shape(loaded.value);
      changes += 1;
    }
    if (verdict.action === 'same') reportedBy.add(region);
    else {
      reportedBy = new Set([region]);
      current = { ...reported, endpoint: loaded.endpoint, label: loaded.version ?? `#${changes}` };
    }
    held = undefined;
    lastError = undefined;
    confirm();
    return { outcome: changed ? 'changed' : 'unchanged' };
  };

  const fail = (error: SourceError, attempts: NoAnswer['attempts']): RefreshResult => {
    const { failure, detail } = error;
    const shownMs = noteMoment(clock);
    lastError = {
      source: error,
      shown: Object.freeze({
        failure,
        ...(detail !== undefined && { detail }),
        attempts: regions.length === 0 ? [] : attempts,
        times: (lastError?.shown.times ?? 0) + 1,
        get atMs() {
          return shownMs();
        },
      }),
    };
    return { outcome: 'failed', error };
  };

  const run = async (everywhere: boolean): Promise<RefreshResult> => {
    let result: RefreshResult;
    const answer = await (everywhere ? askAll : askInTurn)({ ...question, stage: 'current' });
    try {
      result = 'error' in answer ? fail(answer.error, answer.attempts) : await adopt(answer);
    } catch (error) {
      const source = asSourceError(error);
      const region = 'region' in answer ? answer.region : '';
      result = fail(source, [{ region, failure: source.failure }]);
    }
    if (!signal.aborted) hooks.onRefreshed(entry, result);
    return result;
  };

  const entry: Entry = {
    key,
    source,
    everyMs: source.everyMs ?? refresh.everyMs,
    slot,
    get version() {
      return current?.label;
    },
    get failures() {
      return lastError?.shown.times ?? 0;
    },
    get lastError() {
      return lastError;
    },
    get holding() {
      return held;
    },
    refresh: (force) => {
      if (forced !== undefined) return forced;
      if (!force) {
        background ??= run(false).finally(() => {
          background = undefined;
        });
        return background;
      }
      // The refresh under way may hold an answer from before the event that caused this call. Refresh once more after
      // it.
      const before = background;
      forced = (async () => {
        const result = await before;
        return result?.outcome === 'changed' ? result : run(true);
      })().finally(() => {
        forced = undefined;
      });
      return forced;
    },
    at: async (stage) => {
      if (source.stages?.includes(stage) !== true) return undefined;
      const answer = await askAll({ ...question, stage });
      if ('error' in answer) return undefined;
      try {
        return await shape(answer.loaded.value);
      } catch {
        return undefined;
      }
    },
    status: () => {
      const ageMs = confirmedAtMs === undefined ? undefined : elapsed.now() - confirmedAtMs;
      const state = stateOf(entry, ageMs, refresh.maxStaleMs);
      const awaited = !expiredNow && (background ?? forced) !== undefined;
      return Object.freeze({
        // Wait for the refresh under way before reporting `expired`: it may confirm the value.
        state: state === 'expired' && awaited ? 'stale' : state,
        kind: source.kind ?? 'custom',
        version: current?.label,
        region: current?.region,
        endpoint: current?.endpoint,
        ageMs,
        held: held && { version: held.reported.version, region: held.reported.region },
        refreshError: lastError?.shown,
      });
    },
    expire: () => {
      if (entry.status().state !== 'expired') return;
      expiredNow = true;
      if (settings.onExpired === 'throw') slot.box = expired;
    },
  };
  return entry;
}

/** Overdue means twice the interval, so one late refresh does not count as stale. */
function stateOf(entry: Entry, ageMs: number | undefined, maxStaleMs: number): KeyStatus['state'] {
  if (ageMs === undefined) return 'absent';
  if (entry.everyMs === Number.POSITIVE_INFINITY) return 'fresh';
  if (ageMs >= maxStaleMs) return 'expired';
  return entry.failures > 0 || ageMs > 2 * entry.everyMs ? 'stale' : 'fresh';
}
