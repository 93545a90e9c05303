import { AsyncLocalStorage } from 'node:async_hooks';
import { createPoller, type Poller } from '@regionkit/core/kit';
import type { RefreshOutcome } from './config.ts';
import type { Elapsed } from './elapsed.ts';
import type { Entry } from './entry.ts';
import type { Settings } from './options.ts';
import { firstDueMs, nextDueMs } from './schedule.ts';

export interface RefresherOptions {
  readonly entries: readonly Entry[];
  readonly settings: Settings;
  readonly elapsed: Elapsed;
  onJump(): void;
  onExpired(entry: Entry): void;
}

/** Decides when each entry is refreshed. */
export interface Refresher {
  start(): void;
  /** Reads the clocks and starts what is due, without waiting for the next tick. */
  check(): void;
  /** Refreshes now, unless the last forced refresh started less than `minForcedMs` ago and has ended. */
  force(entry: Entry, reason: string): Promise<RefreshOutcome>;
  /** Resolves when the forced refresh that is under way has ended: it may have read before a change. */
  settled(entry: Entry): Promise<void>;
  /** The reason of the refresh that is under way. */
  reasonOf(entry: Entry): string;
  close(): void;
}

/** How often the clocks are read. After a suspension the values may be outdated for this long. */
const TICK_MS = 5_000;
/** Values that are due within this share of their interval are refreshed together, so that one call can read them. */
const TOGETHER = 0.05;

interface Plan {
  dueAtMs: number;
  forcedAtMs: number;
  forced: Promise<RefreshOutcome> | undefined;
  reason: string;
  running: number;
  expired: boolean;
}

const isStatic = ({ everyMs }: Entry): boolean => everyMs === Number.POSITIVE_INFINITY;

export function createRefresher({ entries, settings, elapsed, onJump, onExpired }: RefresherOptions): Refresher {
  const { clock, random, refresh } = settings;
  const plans = new Map<Entry, Plan>();
  let poller: Poller | undefined;

  // A refresh is shared and outlives the request that started it. It must not keep the context of that request.
  const outside = AsyncLocalStorage.snapshot();
  const refreshEntry = (
    entry: Entry,
    plan: Plan,
    forced: boolean,
    draw: number,
    reason: string,
  ): Promise<RefreshOutcome> => outside(refreshNow, entry, plan, forced, draw, reason);
  const refreshNow = async (entry: Entry, plan: Plan, forced: boolean, draw: number, reason: string) => {
    const fromMs = elapsed.now();
    plan.running += 1;
    plan.reason = reason;
    const { outcome } = await entry.refresh(forced);
    const { holding, failures, everyMs } = entry;
    plan.running -= 1;
    plan.dueAtMs = nextDueMs({
      fromMs,
      everyMs,
      failures,
      draw,
      jitter: refresh.jitter,
      backoff: refresh.retry.backoff,
      confirmMs: holding?.times === 1 ? refresh.minForcedMs : undefined,
    });
    checkExpiry(entry, plan);
    poller?.wake();
    return outcome;
  };

  const checkExpiry = (entry: Entry, plan: Plan): void => {
    const expired = entry.status().state === 'expired';
    if (expired && !plan.expired) {
      entry.expire();
      onExpired(entry);
    }
    plan.expired = expired;
  };

  const tick = (): void => {
    const jumped = elapsed.jumped();
    if (jumped) onJump();
    const now = elapsed.now();
    const draw = random();
    const due = [...plans].some(([, { dueAtMs, running }]) => running === 0 && dueAtMs <= now);
    for (const [entry, plan] of plans) {
      // Refresh first and check the expiry after it: if a clock was set, a value may look too old although it was
      // confirmed seconds ago.
      if (plan.running > 0 || isStatic(entry)) continue;
      const soon = due && plan.dueAtMs - now <= TOGETHER * entry.everyMs;
      if (jumped || plan.dueAtMs <= now || soon) void refreshEntry(entry, plan, false, draw, jumped ? 'jump' : 'due');
      else checkExpiry(entry, plan);
    }
  };
  const waitMs = (): number => {
    let next = Number.POSITIVE_INFINITY;
    for (const [entry, { dueAtMs, running }] of plans)
      if (running === 0 && !isStatic(entry)) next = Math.min(next, dueAtMs);
    return Math.max(1, Math.min(TICK_MS, next - elapsed.now()));
  };

  return {
    start: () => {
      const now = elapsed.now();
      const draw = random();
      for (const entry of entries) {
        const { everyMs, failures } = entry;
        const first = firstDueMs(now, everyMs, draw);
        const dueAtMs = failures === 0 ? first : Math.min(first, now + refresh.retry.backoff.baseMs * (1 + draw));
        plans.set(entry, {
          dueAtMs,
          forcedAtMs: Number.NEGATIVE_INFINITY,
          forced: undefined,
          reason: 'start',
          running: 0,
          expired: false,
        });
      }
      if (!entries.every(isStatic)) {
        poller = createPoller({ run: tick, everyMs: waitMs, jitter: 0, clock });
      }
    },
    check: tick,
    force: async (entry, reason) => {
      const plan = plans.get(entry);
      if (plan === undefined) return 'closed';
      const now = elapsed.now();
      if (plan.forced !== undefined) return plan.forced;
      if (now - plan.forcedAtMs < refresh.minForcedMs) return 'too-soon';
      plan.forcedAtMs = now;
      plan.forced = refreshEntry(entry, plan, true, random(), reason).finally(() => {
        plan.forced = undefined;
      });
      return plan.forced;
    },
    settled: async (entry) => void (await plans.get(entry)?.forced),
    reasonOf: (entry) => plans.get(entry)?.reason ?? 'start',
    close: () => {
      poller?.close();
      plans.clear();
    },
  };
}
