import type { Verdict } from '@regionkit/core';
import type { Capability } from '../checks/check.ts';

/**
 * Where the process is in its life. `unconfirmed`: it has just been started, it does not know for certain who the primary is,
 * and another process of its region does. A rollout stops there by itself.
 */
export type Phase = 'starting' | 'unconfirmed' | 'up' | 'draining' | 'stopped';

/** What this region can do now. */
export interface HealthVerdict {
  /** `fail` exactly if `/health` answers 503; `warn` if anything else is wrong. */
  readonly status: 'pass' | 'warn' | 'fail';
  /** Whether reads can be served. A capability without a check passes. */
  readonly reads: Verdict;
  /** Whether writes can be done, here or by forwarding. */
  readonly writes: Verdict;
  /** Whether new traffic should come here. */
  readonly accept: 'yes' | 'draining' | 'no';
  readonly phase: Phase;
  /** When this verdict began, in milliseconds since 1970, as the wall clock counts now: its age is right after the clock was set. */
  readonly since: number;
  /** The names of the failing checks, including guarded and degraded ones, in the order in which they were added. */
  readonly failing: readonly string[];
}

/** What the verdict needs to know of a check. */
export interface JudgedCheck {
  readonly name: string;
  readonly status: Verdict;
  readonly affects: readonly Capability[];
  readonly severity: 'fail' | 'degraded';
  readonly scope: 'absolute' | 'relative';
}

/** Whether a relative failure asks to remove the region. The mass-ejection guard must allow it. */
export function asksToLeave(checks: Iterable<JudgedCheck>): boolean {
  for (const { status, scope, severity } of checks) {
    if (status === 'fail' && scope === 'relative' && severity === 'fail') return true;
  }
  return false;
}

/** @param mayLeave whether the mass-ejection guard lets relative failures count */
export function judge(checks: Iterable<JudgedCheck>, phase: Phase, mayLeave: boolean): Omit<HealthVerdict, 'since'> {
  const worst: Record<Capability, Verdict> = { reads: 'pass', writes: 'pass', accept: 'pass' };
  const failing: string[] = [];
  let flawless = true;
  for (const { name, status, affects, severity, scope } of checks) {
    if (status === 'fail') failing.push(name);
    if (status !== 'pass') flawless = false;
    const counts = severity === 'fail' && (scope === 'absolute' || mayLeave);
    const effect = status === 'pass' || counts ? status : 'warn';
    for (const capability of affects) worst[capability] = worse(worst[capability], effect);
  }
  const { reads, writes } = worst;
  const accept = phase === 'draining' ? 'draining' : phase !== 'up' || worst.accept === 'fail' ? 'no' : 'yes';
  const status = accept !== 'yes' || reads === 'fail' ? 'fail' : flawless ? 'pass' : 'warn';
  return { status, reads, writes, accept, phase, failing };
}

const ORDER: readonly Verdict[] = ['pass', 'warn', 'unknown', 'fail'];

/** The worse of two: `fail`, then `unknown`, then `warn`, then `pass`. */
export function worse(left: Verdict, right: Verdict): Verdict {
  return ORDER.indexOf(left) >= ORDER.indexOf(right) ? left : right;
}
