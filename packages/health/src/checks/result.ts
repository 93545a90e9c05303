import { isRegionKitError } from '@regionkit/core';
import type { CheckReason, CheckResult, CheckStatus } from './check.ts';

/** A result that was read once and is safe to keep: bounded, and without text from the error of a dependency. */
export interface SafeResult extends CheckResult {
  readonly reason: CheckReason;
  readonly error?: unknown;
}

const REASONS: ReadonlyMap<unknown, CheckReason> = new Map<CheckStatus, CheckReason>([
  ['pass', 'passed'],
  ['warn', 'warned'],
  ['fail', 'failed'],
  ['unknown', 'not-yet'],
]);
const MAX_MESSAGE = 256;
const MAX_UNIT = 16;

/** Reads the return value of a check. It comes from outside: a getter may throw, a text may be endless. */
export function readResult(value: unknown): SafeResult {
  if (typeof value !== 'object' || value === null) return { status: 'pass', reason: 'passed' };
  try {
    const { status, message, observed, unit, ok } = value as Record<string, unknown>;
    const reason = REASONS.get(status);
    if (reason === undefined) {
      return ok === false ? { status: 'fail', reason: 'failed' } : { status: 'pass', reason: 'passed' };
    }
    return {
      status: status as CheckStatus,
      reason,
      ...(typeof message === 'string' && { message: message.slice(0, MAX_MESSAGE) }),
      ...(typeof observed === 'number' && Number.isFinite(observed) && { observed }),
      ...(typeof unit === 'string' && { unit: unit.slice(0, MAX_UNIT) }),
    };
  } catch (error) {
    return readError(error);
  }
}

/**
 * Of a thrown error only the code is shown: the text of a driver's error may contain a connection string. Our own
 * errors have constant texts.
 */
export function readError(error: unknown): SafeResult {
  let message = 'it threw';
  try {
    if (isRegionKitError(error)) message = `${error.code}: ${error.message}`.slice(0, MAX_MESSAGE);
    else {
      const code = (error as { code?: unknown } | undefined)?.code;
      if (typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code)) message = `it threw ${code}`;
    }
  } catch {
    // The error itself throws when it is read. Nothing more is known about it.
  }
  return { status: 'fail', reason: 'threw', message, error };
}

/** Compares a value with limits: it fails at or above `fail`, and warns at or above `warn`. */
export function grade(observed: number, unit: string, { warn, fail }: { warn: number; fail: number }): CheckResult {
  const status = observed >= fail ? 'fail' : observed >= warn ? 'warn' : 'pass';
  return { status, observed, unit };
}
