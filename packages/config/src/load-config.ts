import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createEvents } from '@regionkit/core';
import { createNotices, keptAlive, type NoticeCode } from '@regionkit/core/kit';
import type { Change, Config, ConfigEvents, ConfigRef, RefreshOutcome, Sources, ValueOf } from './config.ts';
import { createElapsed } from './elapsed.ts';
import { createEntry, type Entry, type RefreshResult } from './entry.ts';
import { type Problem, startError } from './errors.ts';
import { type ConfigOptions, checkOptions } from './options.ts';
import { createRef } from './ref.ts';
import { createRefresher } from './refresher.ts';
import { hide } from './seal.ts';
import { createScope, type Source } from './source.ts';
import type { ConfigStatus, KeyStatus } from './status.ts';
import { createSubscribers } from './subscribers.ts';
import { watchEntry } from './watch-entry.ts';

const EVENTS = [
  'change',
  'refreshed',
  'refresh-failed',
  'fallback',
  'expired',
  'jump',
  'subscriber-failed',
] as const satisfies readonly (keyof ConfigEvents)[];

/**
 * Loads all values at once and keeps them current until `close()`.
 *
 * Resolves when all values are loaded and have passed their schemas. This takes at most `refresh.timeoutMs` for each
 * region that is asked, and the same for a schema. A value never disappears after that: if a refresh fails, or brings
 * something invalid or older, the last good value stays and `status()` shows the failure.
 *
 * @example
 * ```ts
 * const config = await loadConfig({
 *   sources: { env: env({ schema: Env }), banner: file('/run/config/banner') },
 * });
 * config.get('env').PORT;
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 * @throws {ConfigError} `ERR_CONFIG_START`: values that are not `optional` are missing or invalid. The error lists all
 * of them.
 */
export async function loadConfig<const S extends Sources>(options: ConfigOptions<S>): Promise<Config<S>> {
  type Key = keyof S & string;
  const settings = checkOptions(options);
  const { clock, refresh } = settings;
  const notice = createNotices();
  const say = (level: 'info' | 'warn' | 'error', message: string, code?: NoticeCode): void => {
    if (settings.logger === undefined && code !== undefined) notice(code, `${message}. A logger gets each of them`);
    try {
      const warned: unknown = settings.logger?.[level](message);
      if (warned instanceof Promise) warned.catch(() => {});
    } catch {
      // A logger that throws must not end a refresh. A logger that rejects must not end the process.
    }
  };
  const events = createEvents<ConfigEvents<Key>>('config', EVENTS);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const scope = createScope();
  const elapsed = createElapsed(clock);
  const salt = randomBytes(32);
  const onFailed = ({ key, version }: Change): void => {
    events.emit('subscriber-failed', { key: key as Key, version });
  };
  const changes = createSubscribers<Change<Key>>(({ key }) => key, onFailed);
  const entries = new Map<string, Entry>();
  const refs = new Map<string, ReturnType<typeof createRef>>();
  let started = false;

  const onRefreshed = (entry: Entry, result: RefreshResult): void => {
    if (!started) return;
    const key = entry.key as Key;
    const reason = refresher.reasonOf(entry);
    if (result.outcome === 'failed') {
      const { failure, detail } = result.error;
      say('warn', `config: ${key} could not be refreshed: ${detail ?? failure}`, 'REGIONKIT_NOT_REFRESHED');
      events.emit('refresh-failed', { key, failure, detail, reason });
      return;
    }
    events.emit('refreshed', { key, outcome: result.outcome, reason });
    if (result.outcome !== 'changed') return;
    const change = Object.freeze({ key, version: entry.version as string, region: entry.status().region as string });
    say('info', `config: ${key} is now version ${change.version}`);
    events.emit('change', change);
    refs.get(key)?.notify(change, entry.slot.box.value);
    changes.notify(change);
  };

  for (const [key, source] of Object.entries<Source>(options.sources)) {
    const onFallback = (_: Entry, from: string, to: string, failure: Problem['failure']): void => {
      say('warn', `config: ${key}: ${from} failed (${failure}), asking ${to}`);
      events.emit('fallback', { key: key as Key, from, to, failure });
    };
    const hooks = { onRefreshed, onFallback };
    entries.set(key, createEntry({ key, source, settings, elapsed, scope, salt, hooks, signal: closing.signal }));
  }
  const refresher = createRefresher({
    entries: [...entries.values()],
    settings,
    elapsed,
    onJump: () => events.emit('jump', { keys: entries.size }),
    onExpired: ({ key }) => {
      say(
        'error',
        `config: ${key} has expired: it could not be refreshed for ${refresh.maxStaleMs} ms`,
        'REGIONKIT_EXPIRED',
      );
      events.emit('expired', { key: key as Key });
    },
  });

  await keptAlive(() => Promise.all([...entries.values()].map((entry) => entry.refresh(false))));
  const problems = [...entries.values()].flatMap(problemsOf);
  if (problems.length > 0) {
    scope.close();
    throw startError(problems);
  }
  started = true;
  refresher.start();
  const unwatch = [...entries.values()].map((entry) =>
    watchEntry({
      source: entry.source,
      clock,
      minForcedMs: refresh.minForcedMs,
      force: async () => {
        await refresher.settled(entry);
        return refresher.force(entry, 'watch');
      },
    }),
  );

  const slots = new Map([...entries].map(([key, { slot }]) => [key, slot]));
  const entryOf = (key: string): Entry => {
    const entry = entries.get(key);
    if (entry === undefined) throw new RangeError(`config has no such key; it has ${[...entries.keys()].join(', ')}`);
    return entry;
  };
  const force = async (
    key: string,
    { reason = 'asked', signal }: { readonly reason?: string; readonly signal?: AbortSignal } = {},
  ): Promise<RefreshOutcome> => {
    const entry = entryOf(key);
    signal?.throwIfAborted();
    if (closing.signal.aborted) return 'closed';
    const outcome = keptAlive(() => refresher.force(entry, reason));
    return signal === undefined ? outcome : untilAborted(outcome, signal);
  };
  const close = async (): Promise<void> => {
    refresher.close();
    for (const stop of unwatch) stop();
    closing.abort();
    changes.clear();
    for (const ref of refs.values()) ref.clear();
    scope.close();
  };

  return hide({
    get: <K extends Key>(key: K) => {
      const slot = slots.get(key);
      return (slot === undefined ? entryOf(key).slot : slot).box.value as ValueOf<S[K]>;
    },
    ref: <K extends Key>(key: K) => {
      const known = refs.get(key);
      const made = known ?? createRef(entryOf(key), async (options) => void (await force(key, options)), onFailed);
      if (known === undefined) refs.set(key, made);
      return made.ref as ConfigRef<ValueOf<S[K]>>;
    },
    version: (key: Key) => entryOf(key).version,
    status: (): ConfigStatus<Key> => {
      refresher.check();
      const keys = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.status()]));
      const busySubscribers = [...refs.values()].reduce((busy, ref) => busy + ref.busy, changes.busy);
      return { verdict: verdictOf(Object.values(keys)), keys: keys as Record<Key, KeyStatus>, busySubscribers };
    },
    refresh: (key: Key, options?: { readonly reason?: string; readonly signal?: AbortSignal }) => force(key, options),
    subscribe: (listener: (change: Change<Key>) => void | Promise<void>) => changes.add(listener),
    on: events.on,
    close,
    [Symbol.asyncDispose]: close,
  });
}

function problemsOf(entry: Entry): Problem[] {
  const { lastError, key, source } = entry;
  if (lastError === undefined || source.optional === true) return [];
  const { failure, detail, paths } = lastError.source;
  const problem = {
    key,
    kind: source.kind ?? 'custom',
    failure,
    ...(detail !== undefined && { detail }),
    attempts: lastError.shown.attempts,
  };
  return (paths.length > 0 ? paths : [[]]).map((path) => ({ ...problem, path }));
}

function verdictOf(keys: readonly KeyStatus[]): ConfigStatus['verdict'] {
  if (keys.some(({ state }) => state === 'expired')) return 'fail';
  return keys.some(({ state }) => state === 'stale') ? 'warn' : 'pass';
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
