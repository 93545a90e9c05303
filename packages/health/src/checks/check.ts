import type { RequestOutcome, RequestView } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';

/**
 * The result of one run of a check. `warn`: something is wrong, but it still works. `unknown`: the check cannot judge yet.
 * It is for the start alone, and the process gets no traffic meanwhile, unless the check affects writes alone. After
 * `staleAfterMs` without another result the check fails, and after another result an `unknown` counts as a failure.
 */
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'unknown';

/** A result with more than "it works". Any other return value means `pass`. */
export interface CheckResult {
  readonly status: CheckStatus;
  /** Shown only with the token, cut at 256 characters. Never put a secret in it. */
  readonly message?: string;
  /** The measured value, with its unit: `observed: 12, unit: 'ms'`. */
  readonly observed?: number;
  readonly unit?: string;
}

/** The second argument of a check. */
export interface CheckContext {
  /** The time limit of this run, in milliseconds. After it the run counts as failed and its signal is aborted. */
  readonly timeoutMs: number;
  /** The clock of this health instance, so that a test of the check need not wait. */
  readonly clock: Clock;
  /** The region this process runs in. */
  readonly self: string;
}

/**
 * Tests one thing that this process depends on.
 *
 * It passes by returning and fails by throwing or rejecting. It can return a {@link CheckResult} to say more. A
 * returned object whose `ok` is `false` (a fetch `Response`) fails. It never runs twice at the same time. If a run
 * ignores its signal and never ends, no other run starts, and the check fails at every interval until that run ends.
 */
export interface Check {
  (signal: AbortSignal, context: CheckContext): unknown;
  /** Called by the health middleware for every request that the app's own handlers answered. */
  observe?(outcome: RequestOutcome, request: RequestView): void;
  /**
   * How long after a run it runs again while it has had no good result since the start, in milliseconds, if that is less than
   * `intervalMs`. For a check that reads memory: its first good result then shows at once.
   */
  readonly startIntervalMs?: number;
  /** Called when the health instance closes. End everything that the check keeps running. */
  close?(): void;
}

/** What a result of a check affects, and how often it runs. */
export interface CheckOptions {
  /**
   * What a failure affects: the region's `reads`, its `writes`, or its `accept` (new traffic should not come here, but
   * what comes is still served). @default ['accept']
   */
  readonly affects?: readonly Capability[];
  /** `degraded`: a failure is shown as a warning and affects nothing. @default 'fail' */
  readonly severity?: 'fail' | 'degraded';
  /**
   * `relative`: a failure has an effect only while another region is known to be better (see the mass-ejection guard).
   * Use it for gradual problems: latency, lag, a busy event loop. @default 'absolute'
   */
  readonly scope?: 'absolute' | 'relative';
  /**
   * From the end of one run to the start of the next, in milliseconds. It varies by a tenth. @default
   * defaults.intervalMs
   */
  readonly intervalMs?: number;
  /** The time limit of one run, in milliseconds. @default defaults.timeoutMs */
  readonly timeoutMs?: number;
  /** How many failures in a row make the check fail. The first result decides at once. @default defaults.failAfter */
  readonly failAfter?: number;
  /**
   * How many results in a row without a failure make a failed check pass again. A check that has never passed or warned
   * passes with the first one.
   * @default defaults.passAfter
   */
  readonly passAfter?: number;
  /**
   * An older result counts as failed. In milliseconds. @default the larger of defaults.staleAfterMs and two whole
   * rounds
   */
  readonly staleAfterMs?: number;
}

/** What a check can affect. */
export type Capability = 'reads' | 'writes' | 'accept';

/** Why a run ended. The set is closed, for labels of metrics. */
export type CheckReason = 'passed' | 'warned' | 'failed' | 'not-yet' | 'threw' | 'timeout' | 'hung';

/** One run of a check. */
export interface CheckRun {
  readonly status: CheckStatus;
  readonly reason: CheckReason;
  readonly durationMs: number;
  readonly message?: string;
  readonly observed?: number;
  readonly unit?: string;
  /** The error of the check, for the app only. It is never shown, logged or sent, because it may contain a secret. */
  readonly error?: unknown;
}
