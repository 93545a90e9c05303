import type { RequestOutcome, RequestView } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';

/** What one look at something found. `warn` is worth telling and still serves. */
export type CheckStatus = 'pass' | 'warn' | 'fail';

/** What a check may return to say more than "it works". Anything else it returns means `pass`. */
export interface CheckResult {
  readonly status: CheckStatus;
  /** Shown with the token alone, cut at 256 characters. Never put a secret in it. */
  readonly message?: string;
  /** The figure that was judged, with its unit: `observed: 12, unit: 'ms'`. */
  readonly observed?: number;
  readonly unit?: string;
}

/** What a check is told besides its signal. */
export interface CheckContext {
  /** How long this run may take before it counts as failed and its signal is aborted. */
  readonly timeoutMs: number;
  /** The clock of this health instance, so that a check can be tested without waiting. */
  readonly clock: Clock;
  /** The region this process runs in. */
  readonly self: string;
}

/**
 * One look at something this process depends on.
 *
 * Passes by returning, fails by throwing or rejecting, or says more with a {@link CheckResult}. A returned object whose
 * `ok` is `false` (a fetch `Response`) fails. Never run twice at once, so a run that ignores its signal and never ends
 * is never repeated: it fails at every interval until it ends.
 */
export interface Check {
  (signal: AbortSignal, context: CheckContext): unknown;
  /** Told of every request the app's own handlers answered, by the health middleware. */
  observe?(outcome: RequestOutcome, request: RequestView): void;
  /** Called when the health instance closes: whatever the check keeps running ends. */
  close?(): void;
}

/** How a check counts. */
export interface CheckOptions {
  /**
   * What a failure takes away: the region's `reads`, its `writes`, or its `accept` (new traffic should not come here,
   * while what comes is still served).
   * @default ['accept']
   */
  readonly affects?: readonly Capability[];
  /** `degraded`: a failure is told as a warning and takes nothing away. @default 'fail' */
  readonly severity?: 'fail' | 'degraded';
  /**
   * `relative`: a failure takes something away only while another region is known to be better off; see the
   * mass-ejection guard. For what is a matter of degree: latency, lag, a busy event loop.
   * @default 'absolute'
   */
  readonly scope?: 'absolute' | 'relative';
  /** From the end of one run to the begin of the next, spread by a tenth. @default defaults.intervalMs */
  readonly intervalMs?: number;
  /** @default defaults.timeoutMs */
  readonly timeoutMs?: number;
  /** Failures in a row until the check counts as failed. The first result decides at once. @default defaults.failAfter */
  readonly failAfter?: number;
  /** Results in a row that did not fail, until a failed check counts as well again. @default defaults.passAfter */
  readonly passAfter?: number;
  /** A result older than this counts as failed. @default the larger of defaults.staleAfterMs and two whole rounds */
  readonly staleAfterMs?: number;
}

/** What a check can take away. */
export type Capability = 'reads' | 'writes' | 'accept';

/** Why a run ended as it did: a closed set, fit for a metric label. */
export type CheckReason = 'passed' | 'warned' | 'failed' | 'threw' | 'timeout' | 'hung';

/** One run of a check. */
export interface CheckRun {
  readonly status: CheckStatus;
  readonly reason: CheckReason;
  readonly durationMs: number;
  readonly message?: string;
  readonly observed?: number;
  readonly unit?: string;
  /** What the check threw, for the app itself. Never shown, logged or sent anywhere: it may carry a secret. */
  readonly error?: unknown;
}
