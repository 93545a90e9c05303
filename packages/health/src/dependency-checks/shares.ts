import { check } from '@regionkit/core/kit';
import type { CheckResult } from '../checks/check.ts';

/** Judges a used share, 0 to 1. @throws {RangeError} The limits are out of range or in the wrong order. */
export function byShare(name: string, warnShare: number, failShare: number): (used: number) => CheckResult {
  check.number(`${name}: warnShare`, warnShare, { max: 1 });
  check.number(`${name}: failShare`, failShare, { min: warnShare, max: 1 });
  return (used) => ({
    status: used >= failShare ? 'fail' : used >= warnShare ? 'warn' : 'pass',
    observed: Math.round(used * 1_000) / 10,
    unit: '%',
  });
}
