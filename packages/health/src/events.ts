import type { Verdict } from '@regionkit/core';
import type { CheckReason, CheckStatus } from './checks/check.ts';
import type { PeerReason } from './peers/peer.ts';
import type { HealthVerdict, Phase } from './verdict/judge.ts';

/**
 * The events of {@link Health}. Each is also published on the `node:diagnostics_channel` `regionkit:health:<event>`.
 */
export interface HealthEvents<Name extends string = string> {
  /** The verdict changed. */
  change: { readonly from: HealthVerdict; readonly to: HealthVerdict };
  /** A check has run. `status`: the result of this run. `settled`: the status of the check after it. */
  check: {
    readonly name: string;
    readonly status: CheckStatus;
    readonly settled: Verdict;
    readonly reason: CheckReason;
    readonly durationMs: number;
  };
  /** The last result of a check became too old. The check counts as failed until there is a new one. */
  stale: { readonly name: string };
  /** Another region was asked for its state. */
  peer: { readonly region: Name; readonly reason: PeerReason; readonly durationMs: number };
  /** This process starts to drain, cancels it, or has drained. */
  drain: { readonly phase: Phase };
}

export const EVENT_NAMES = ['change', 'check', 'stale', 'peer', 'drain'] as const;
