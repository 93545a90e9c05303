import type { Verdict } from '@regionkit/core';
import type { CheckReason, CheckStatus } from './checks/check.ts';
import type { PeerReason } from './peers/peer.ts';
import type { HealthVerdict, Phase } from './verdict/judge.ts';

/** What {@link Health.on} tells, mirrored on `node:diagnostics_channel` as `regionkit:health:<event>`. */
export interface HealthEvents {
  /** The verdict changed. */
  change: { readonly from: HealthVerdict; readonly to: HealthVerdict };
  /** A check was run. `status` is what this run found, `settled` what the check counts as after it. */
  check: {
    readonly name: string;
    readonly status: CheckStatus;
    readonly settled: Verdict;
    readonly reason: CheckReason;
    readonly durationMs: number;
  };
  /** The last result of a check became too old, and counts as failed until there is another. */
  stale: { readonly name: string };
  /** Another region was asked what it can do. */
  peer: { readonly region: string; readonly reason: PeerReason; readonly durationMs: number };
  /** This process begins to leave, changed its mind, or has left. */
  drain: { readonly phase: Phase };
}

export const EVENT_NAMES = ['change', 'check', 'stale', 'peer', 'drain'] as const;
