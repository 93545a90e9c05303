import type { Verdict } from '@regionkit/core';
import { type Clock, dropRejection, noteMoment } from '@regionkit/core/kit';
import { type History, type Hysteresis, settle, unheard } from '../verdict/history.ts';
import type { JudgedCheck } from '../verdict/judge.ts';
import type { Capability, Check, CheckRun } from './check.ts';
import { createRunner } from './runner.ts';

/** The options of a check, all of them. */
export interface CheckRules extends Hysteresis {
  readonly affects: readonly Capability[];
  readonly severity: 'fail' | 'degraded';
  readonly scope: 'absolute' | 'relative';
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly staleAfterMs: number;
}

/** A check that runs in the background, with its settled status. */
export interface TrackedCheck extends JudgedCheck {
  readonly check: Check;
  /** Its settled status. `fail` also if its last result is too old. */
  readonly status: Verdict;
  /** Whether its last result is too old to count. */
  readonly stale: boolean;
  readonly lastRun: CheckRun | undefined;
  /** When the last result arrived, as the wall clock counts now. */
  readonly lastRunWallMs: number | undefined;
  /** When the last result becomes too old; Infinity if there is none. */
  readonly staleAtMs: number;
  /** The last result no longer counts. The next one decides at once, as the first did. */
  expire(): void;
  wake(): void;
  close(): void;
}

export function trackCheck(
  name: string,
  check: Check,
  rules: CheckRules,
  { self, clock, random }: { readonly self: string; readonly clock: Clock; readonly random: () => number },
  onRun: (tracked: TrackedCheck, run: CheckRun) => void,
): TrackedCheck {
  const { affects, severity, scope, intervalMs, timeoutMs, staleAfterMs } = rules;
  let history: History = unheard;
  let stale = false;
  let lastRun: CheckRun | undefined;
  let shownLastRunMs: (() => number) | undefined;
  let staleAtMs = Number.POSITIVE_INFINITY;

  /** No result, or `unknown`, or failures alone. */
  const isStarting = (): boolean => history.settled === 'unknown' || (history.settled === 'fail' && !history.onceGood);
  const runner = createRunner({
    check,
    everyMs: () => (isStarting() ? Math.min(intervalMs, check.startIntervalMs ?? intervalMs) : intervalMs),
    timeoutMs,
    self,
    clock,
    random,
    onRun: (run) => {
      const tooOldAtMs = clock.now() + staleAfterMs;
      if (run.status !== 'unknown' || history.settled !== 'unknown') {
        history = settle(history, run.status === 'unknown' ? 'fail' : run.status, rules);
        stale = false;
        staleAtMs = tooOldAtMs;
        // The first `unknown` begins the time after which the check fails. It does not take back what has expired.
      } else if (!stale) staleAtMs = Math.min(staleAtMs, tooOldAtMs);
      lastRun = run;
      shownLastRunMs = noteMoment(clock);
      onRun(tracked, run);
    },
  });
  const tracked: TrackedCheck = {
    name,
    check,
    affects,
    severity,
    scope,
    get status() {
      return stale ? 'fail' : history.settled;
    },
    get stale() {
      return stale;
    },
    get lastRun() {
      return lastRun;
    },
    get lastRunWallMs() {
      return shownLastRunMs?.();
    },
    get staleAtMs() {
      return staleAtMs;
    },
    expire: () => {
      if (lastRun === undefined) return;
      history = unheard;
      stale = true;
      staleAtMs = Number.POSITIVE_INFINITY;
    },
    wake: () => runner.wake(),
    close: () => {
      runner.close();
      try {
        dropRejection(check.close?.());
      } catch {
        // It has ended anyway.
      }
    },
  };
  return tracked;
}
