import { type Clock, noteMoment } from '@regionkit/core/kit';
import type { TrackedCheck } from '../checks/track.ts';
import { type GuardState, type GuardTimes, guard, type Neighbour, type Relative } from './guard.ts';
import { asksToLeave, type HealthVerdict, judge, type Phase } from './judge.ts';

/** Keeps the verdict: the checks behind it, the phase of the process, the guard. */
export interface Keeper {
  readonly checks: ReadonlyMap<string, TrackedCheck>;
  readonly relative: Relative;
  add(check: TrackedCheck): void;
  remove(check: TrackedCheck): void;
  /** Returns the verdict from memory. It is judged again only if a result has become too old by `now`. */
  verdict(now?: number): HealthVerdict;
  /** Judges again. */
  update(): void;
  /** No result counts any more. All checks run at once, and the next results decide at once. */
  forget(): void;
  /** Enters a phase permanently, or with `up` returns to the result of the checks. */
  enter(phase: 'up' | 'draining' | 'stopped'): void;
}

export interface KeeperOptions {
  readonly clock: Clock;
  readonly guardTimes: GuardTimes;
  neighbours(): readonly Neighbour[];
  /** Whether the region of that name has a better rank than this one. */
  better(name: string): boolean;
  /** Whether another process of the region can do what this one cannot yet. */
  isUnconfirmed(): boolean;
  onStale(check: TrackedCheck): void;
  onChange(from: HealthVerdict, to: HealthVerdict): void;
  onRelative(relative: Relative): void;
}

export function createKeeper(options: KeeperOptions): Keeper {
  const { clock, guardTimes, neighbours, better, isUnconfirmed, onStale, onChange, onRelative } = options;
  const checks = new Map<string, TrackedCheck>();
  let leaving: 'draining' | 'stopped' | undefined;
  let started = false;
  let guarded: GuardState = { relative: 'in' };
  let current = beginNow(clock, {
    status: 'fail',
    reads: 'unknown',
    writes: 'unknown',
    accept: 'no',
    phase: 'starting',
    failing: [],
  });
  let judgeAgainAtMs = Number.NEGATIVE_INFINITY;

  const phase = (): Phase => {
    // Without a check there is nothing to wait for. But once one is added, it must have run.
    const isAnyAwaited = [...checks.values()].some(isAwaited);
    started ||= !isAnyAwaited && checks.size > 0;
    if (leaving !== undefined) return leaving;
    if (!started && isAnyAwaited) return 'starting';
    return isUnconfirmed() ? 'unconfirmed' : 'up';
  };

  const update = (): void => {
    const now = clock.now();
    judgeAgainAtMs = Number.POSITIVE_INFINITY;
    for (const check of checks.values()) {
      if (now >= check.staleAtMs) {
        check.expire();
        onStale(check);
        // The timer may be lost. A running check does not run twice.
        check.wake();
      }
      judgeAgainAtMs = Math.min(judgeAgainAtMs, check.staleAtMs);
    }
    const before = guarded.relative;
    guarded = guard(guarded, asksToLeave(checks.values()), neighbours(), better, now, guardTimes);
    const judged = judge(checks.values(), phase(), guarded.relative === 'out');
    if (judged.phase === 'unconfirmed') judgeAgainAtMs = now;
    const from = current;
    if (!same(from, judged)) {
      current = beginNow(clock, judged);
      onChange(from, current);
    }
    if (guarded.relative !== before) onRelative(guarded.relative);
  };

  return {
    checks,
    get relative() {
      return guarded.relative;
    },
    add: (check) => {
      checks.set(check.name, check);
      update();
    },
    remove: (check) => {
      if (checks.get(check.name) !== check) return;
      checks.delete(check.name);
      update();
    },
    verdict: (now = clock.now()) => {
      if (now >= judgeAgainAtMs) update();
      return current;
    },
    update,
    forget: () => {
      for (const check of checks.values()) {
        if (check.lastRun === undefined) continue;
        check.expire();
        onStale(check);
        check.wake();
      }
      update();
    },
    enter: (next) => {
      leaving = next === 'up' ? undefined : next;
      update();
    },
  };
}

/**
 * Whether a process that starts waits for this check: it has not run, or it cannot judge yet whether traffic may come. For a check of
 * writes alone it does not wait, because reads can be served without. Nor for one whose failure would take no traffic away.
 */
function isAwaited({ lastRun, status, affects, severity, scope }: TrackedCheck): boolean {
  const counts = severity === 'fail' && scope === 'absolute' && affects.some((each) => each !== 'writes');
  return lastRun === undefined || (counts && status === 'unknown');
}

/** Its beginning is kept on the monotonic clock. */
function beginNow(clock: Clock, judged: Omit<HealthVerdict, 'since'>): HealthVerdict {
  const shownMs = noteMoment(clock);
  return {
    ...judged,
    get since() {
      return shownMs();
    },
  };
}

function same(one: Omit<HealthVerdict, 'since'>, other: Omit<HealthVerdict, 'since'>): boolean {
  return (
    one.status === other.status &&
    one.reads === other.reads &&
    one.writes === other.writes &&
    one.accept === other.accept &&
    one.phase === other.phase &&
    one.failing.length === other.failing.length &&
    one.failing.every((name, at) => name === other.failing[at])
  );
}
