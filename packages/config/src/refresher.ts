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

/** Decides when each entry is looked at. */
export interface Refresher {
  start(): void;
  /** Looks at the clocks and begins what is due, without waiting for the next tick. */
  check(): void;
  /** Looks now, unless somebody forced a look less than `minForcedMs` ago and it has ended. */
  force(entry: Entry, reason: string): Promise<RefreshOutcome>;
  /** Why the look that is under way was begun. */
  reasonOf(entry: Entry): string;
  close(): void;
}

/** How often the clocks are looked at: what a suspended process knows is out of date for so long after it wakes. */
const TICK_MS = 5_000;
/** Values due within this share of their interval are looked at together, so that they can be asked in one call. */
const TOGETHER = 0.05;

interface Plan {
  dueAtMs: number;
  forcedAtMs: number;
  forced: Promise<RefreshOutcome> | undefined;
  reason: string;
  looks: number;
  expired: boolean;
}

const isStatic = ({ everyMs }: Entry): boolean => everyMs === Number.POSITIVE_INFINITY;

export function createRefresher({ entries, settings, elapsed, onJump, onExpired }: RefresherOptions): Refresher {
  const { clock, random, refresh } = settings;
  const plans = new Map<Entry, Plan>();
  let poller: Poller | undefined;

  // A look is shared and outlives the request that asked for it, whose context must not be kept.
  const outside = AsyncLocalStorage.snapshot();
  const look = (entry: Entry, plan: Plan, forced: boolean, draw: number, reason: string): Promise<RefreshOutcome> =>
    outside(lookNow, entry, plan, forced, draw, reason);
  const lookNow = async (entry: Entry, plan: Plan, forced: boolean, draw: number, reason: string) => {
    const fromMs = elapsed.now();
    plan.looks += 1;
    plan.reason = reason;
    const { outcome } = await entry.look(forced);
    const { holding, failures, everyMs } = entry;
    plan.looks -= 1;
    plan.dueAtMs = nextDueMs({
      fromMs,
      everyMs,
      failures,
      draw,
      jitter: refresh.jitter,
      retryMs: refresh.retryMs,
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

  const round = (): void => {
    const jumped = elapsed.jumped();
    if (jumped) onJump();
    const now = elapsed.now();
    const draw = random();
    const due = [...plans].some(([, { dueAtMs, looks }]) => looks === 0 && dueAtMs <= now);
    for (const [entry, plan] of plans) {
      // A look first, then the expiry: what is too old by a clock that was set may have been confirmed seconds ago.
      if (plan.looks > 0 || isStatic(entry)) continue;
      const soon = due && plan.dueAtMs - now <= TOGETHER * entry.everyMs;
      if (jumped || plan.dueAtMs <= now || soon) void look(entry, plan, false, draw, jumped ? 'jump' : 'due');
      else checkExpiry(entry, plan);
    }
  };
  const waitMs = (): number => {
    let next = Number.POSITIVE_INFINITY;
    for (const [entry, { dueAtMs, looks }] of plans)
      if (looks === 0 && !isStatic(entry)) next = Math.min(next, dueAtMs);
    return Math.max(1, Math.min(TICK_MS, next - elapsed.now()));
  };

  return {
    start: () => {
      const now = elapsed.now();
      const draw = random();
      for (const entry of entries) {
        const { everyMs, failures } = entry;
        const first = firstDueMs(now, everyMs, draw);
        const dueAtMs = failures === 0 ? first : Math.min(first, now + refresh.retryMs * (1 + draw));
        plans.set(entry, {
          dueAtMs,
          forcedAtMs: Number.NEGATIVE_INFINITY,
          forced: undefined,
          reason: 'start',
          looks: 0,
          expired: false,
        });
      }
      if (!entries.every(isStatic)) {
        poller = createPoller({ run: round, everyMs: waitMs, jitter: 0, clock });
      }
    },
    check: round,
    force: async (entry, reason) => {
      const plan = plans.get(entry);
      if (plan === undefined) return 'closed';
      const now = elapsed.now();
      if (plan.forced !== undefined) return plan.forced;
      if (now - plan.forcedAtMs < refresh.minForcedMs) return 'too-soon';
      plan.forcedAtMs = now;
      plan.forced = look(entry, plan, true, random(), reason).finally(() => {
        plan.forced = undefined;
      });
      return plan.forced;
    },
    reasonOf: (entry) => plans.get(entry)?.reason ?? 'start',
    close: () => {
      poller?.close();
      plans.clear();
    },
  };
}
