import { createHmac, randomBytes } from 'node:crypto';
import { serialize } from 'node:v8';
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
import { type Held, judge, type Told } from './version-order.ts';

/** How a look at the sources ended. */
export type Look =
  | { readonly outcome: 'changed' | 'unchanged' | 'held' }
  | { readonly outcome: 'failed'; readonly error: SourceError };

/** What an entry tells the config it is part of. */
interface EntryHooks {
  onLook(entry: Entry, look: Look): void;
  onFallback(entry: Entry, from: string, to: string, failure: Failure): void;
}

export interface EntryOptions {
  readonly key: string;
  readonly source: Source;
  readonly settings: Settings;
  readonly elapsed: Elapsed;
  readonly scope: Scope;
  readonly signal: AbortSignal;
  /** The key of the digests that tell values apart: random for each config, so that a digest confirms no guess. */
  readonly salt: Buffer;
  readonly hooks: EntryHooks;
}

/** Where the value of a key is: an object of its own, so that the way to it is as short as can be. */
interface Slot {
  box: Box;
}

/** One key: the value it has now, and how it came by it. */
export interface Entry {
  readonly key: string;
  readonly source: Source;
  readonly everyMs: number;
  /** The value now: reading `slot.box.value` is all that `get` does. */
  readonly slot: Slot;
  readonly version: string | undefined;
  readonly failures: number;
  readonly lastError: { readonly source: SourceError; readonly shown: RefreshError } | undefined;
  readonly holding: Held | undefined;
  /** Looks at the sources: the regions in turn; or all at once, for the newest, if `forced`. One look at a time. */
  look(forced: boolean): Promise<Look>;
  /** The value of another stage: the newest any region has. Never mixed with the current one. */
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
  let current: (Told & { readonly endpoint: string | undefined; readonly label: string }) | undefined;
  let tellers = new Set<string>();
  let held: Held | undefined;
  let confirmedAtMs: number | undefined;
  let lastError: Entry['lastError'];
  let changes = 0;
  let background: Promise<Look> | undefined;
  let forced: Promise<Look> | undefined;
  let expiredNow = false;

  const digest = (value: unknown): string => {
    let bytes: Buffer;
    try {
      bytes = serialize(value);
    } catch {
      // A value with functions in it cannot be compared: it counts as another one each time.
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

  const take = async ({ loaded, region }: Answer): Promise<Look> => {
    const told: Told = {
      version: loaded.version,
      createdAt: loaded.createdAt,
      digest: digest(loaded.value),
      region,
    };
    const verdict = judge({ current, tellers, held }, told, {
      nowMs: elapsed.now(),
      firstRegion: question.regions[0] as string,
      maxLagMs: refresh.maxLagMs,
    });
    if (verdict.take === 'hold') {
      held = verdict.held;
      lastError = undefined;
      // The same value under another version, as regions have it that replicate nothing: it is confirmed all the same.
      if (told.digest === current?.digest) confirm();
      return { outcome: 'held' };
    }
    // A file that was touched, a secret that was put again: another version of the same value is no change.
    const changed = told.digest !== current?.digest;
    if (changed) {
      good = await shape(loaded.value);
      changes += 1;
    }
    if (verdict.take === 'same') tellers.add(region);
    else {
      tellers = new Set([region]);
      current = { ...told, endpoint: loaded.endpoint, label: loaded.version ?? `#${changes}` };
    }
    held = undefined;
    lastError = undefined;
    confirm();
    return { outcome: changed ? 'changed' : 'unchanged' };
  };

  const fail = (error: SourceError, attempts: NoAnswer['attempts']): Look => {
    const { failure, detail } = error;
    lastError = {
      source: error,
      shown: Object.freeze({
        failure,
        ...(detail !== undefined && { detail }),
        attempts: regions.length === 0 ? [] : attempts,
        times: (lastError?.shown.times ?? 0) + 1,
        atMs: clock.wallMs(),
      }),
    };
    return { outcome: 'failed', error };
  };

  const run = async (everywhere: boolean): Promise<Look> => {
    let look: Look;
    const answer = await (everywhere ? askAll : askInTurn)({ ...question, stage: 'current' });
    try {
      look = 'error' in answer ? fail(answer.error, answer.attempts) : await take(answer);
    } catch (error) {
      const source = asSourceError(error);
      const region = 'region' in answer ? answer.region : '';
      look = fail(source, [{ region, failure: source.failure }]);
    }
    if (!signal.aborted) hooks.onLook(entry, look);
    return look;
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
    look: (force) => {
      if (forced !== undefined) return forced;
      if (!force) {
        background ??= run(false).finally(() => {
          background = undefined;
        });
        return background;
      }
      // A look that is under way may have been answered before whatever made somebody ask.
      const before = background;
      forced = (async () => {
        const look = await before;
        return look?.outcome === 'changed' ? look : run(true);
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
        // Not before the look that is under way has ended: it may confirm the value.
        state: state === 'expired' && awaited ? 'stale' : state,
        kind: source.kind ?? 'custom',
        version: current?.label,
        region: current?.region,
        endpoint: current?.endpoint,
        ageMs,
        held: held && { version: held.told.version, region: held.told.region },
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

/** Overdue is twice the interval: one look may be late without anybody being told. */
function stateOf(entry: Entry, ageMs: number | undefined, maxStaleMs: number): KeyStatus['state'] {
  if (ageMs === undefined) return 'absent';
  if (entry.everyMs === Number.POSITIVE_INFINITY) return 'fresh';
  if (ageMs >= maxStaleMs) return 'expired';
  return entry.failures > 0 || ageMs > 2 * entry.everyMs ? 'stale' : 'fresh';
}
