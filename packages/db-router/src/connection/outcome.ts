import { isRegionKitError, regionKitErrorOf } from '@regionkit/core';
import { errorCode } from '@regionkit/core/kit';
import { TransactionLeftOpenError } from '../errors.ts';
import type { Outcome } from '../reasons.ts';
import { isLoss, isOfPreparedStatement, isPartlyDone, isUndone } from './protocol-state.ts';

/** What a failure means for its statement, and for the next attempt. */
export type FailureKind =
  /** There was no connection, or nothing was written to it. */
  | 'not-sent'
  /**
   * There was no connection, and the router must not retry: the pool is full, or a hook of the app refused the
   * connection.
   */
  | 'refused'
  /** The server refused the login: password, role or database. A retry does not help. */
  | 'login'
  /** The server is a standby or refuses writes. Nothing was done. */
  | 'read-only'
  /** A conflict with recovery on a standby. */
  | 'conflict'
  /** Serialization failure or deadlock. It was rolled back, and a retry may succeed. */
  | 'serialization'
  /** The server ended the session instead of answering. Nothing was done. */
  | 'ended'
  /** The connection was lost while the statement was running. */
  | 'lost'
  /**
   * A prepared statement differs from what this process expects. Nothing was done, and the connection cannot be used
   * again.
   */
  | 'stale-statement'
  /** This process stopped waiting. The statement continues on the server. */
  | 'timeout'
  /** An error of the statement itself. The caller handles it. */
  | 'statement';

export interface Failure {
  readonly kind: FailureKind;
  readonly outcome: Outcome;
  /** A SQLSTATE or errno of limited length; `none` if there is neither. */
  readonly code: string;
}

/** Where a failure occurred. */
export interface FailurePlace {
  /** `open`: while opening a connection. `commit`: while COMMIT was running. */
  readonly phase: 'open' | 'statement' | 'commit';
  /** The node was in recovery, so it cannot have written anything. */
  readonly inRecovery: boolean;
}

const SQLSTATE = /^[0-9A-Z]{5}$/;
/**
 * 0A000 means that a feature is not supported, which also happens to reads. On a standby these functions raise it, for
 * `BEGIN READ WRITE` and for a serializable transaction
 * (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-USERS).
 */
const NOT_ON_A_STANDBY = /^(?:call_bool_check_hook|call_enum_check_hook|GetSerializableTransactionSnapshot)$/;
/** The function that ends a session on a standby because recovery needs what it reads. It never runs on a primary. */
const ENDED_BY_RECOVERY = /^Process(?:Interrupts|RecoveryConflictInterrupts?)$/;
const ENDS_SESSION = /^(?:57P0[1-5]|08...|25P0[34]|53300)$/;

/**
 * Classifies `error`. It decides by SQLSTATE, never by a translated message. Errors of node-postgres without a code are
 * recognised by its constant texts. See https://www.postgresql.org/docs/current/errcodes-appendix.html and
 * https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT.
 */
export function classify(error: unknown, place: FailurePlace): Failure {
  const code = codeOf(error);
  const isOfServer = SQLSTATE.test(code) && isServerError(error);
  if (place.phase === 'open')
    return { kind: openKind(error, isOfServer ? code : undefined), outcome: 'not-sent', code };
  if (error instanceof TransactionLeftOpenError) return { kind: 'statement', outcome: error.outcome, code };
  if (isNotQueryable(error)) return classifyNotQueryable(error, place, code);
  // An app may destroy a socket with an error of a server. It answers no statement there.
  if (!isOfServer || isLoss(error)) return classifyLocal(error, place, code);
  if (code === '40001' && isFatal(error, code) && ENDED_BY_RECOVERY.test(routineOf(error)))
    return { kind: 'conflict', outcome: 'rolled-back', code };
  if (isPartlyDone(error) && !place.inRecovery) {
    return { kind: endsSession(error, code) ? 'lost' : 'statement', outcome: 'unknown', code };
  }
  if (code === '25006') return { kind: 'read-only', outcome: 'rolled-back', code };
  if (place.inRecovery) {
    if (code === '40001' || code === '40P01' || code === '57P01')
      return { kind: 'conflict', outcome: 'rolled-back', code };
    if (code === '0A000' && NOT_ON_A_STANDBY.test(routineOf(error)))
      return { kind: 'read-only', outcome: 'rolled-back', code };
  }
  if (isUndone(error)) return { kind: 'ended', outcome: 'rolled-back', code };
  if (endsSession(error, code)) return { kind: 'lost', outcome: lost(place), code };
  if (isOfPreparedStatement(error as object)) return { kind: 'stale-statement', outcome: 'rolled-back', code };
  // statement_completion_unknown: the engine itself does not know the outcome (CockroachDB).
  if (code === '40003') return { kind: 'lost', outcome: lost(place), code };
  if (code === '40001' || code === '40P01') return { kind: 'serialization', outcome: 'rolled-back', code };
  return { kind: 'statement', outcome: 'rolled-back', code };
}

const NOT_LET_IN = /^(?:28...|3D000|42501)$/;
/** The server, or the path to it, is unavailable at the moment. */
const PASSES = /^(?:08...|53...|57...|58...|XX...)$/;
const ERRNO = /^(?:E(?!RR_)[A-Z0-9_]+|ERR_(?:SOCKET|STREAM)_\w+)$/;
const LOST = /^(?:Connection terminated|timeout expired|Query read timeout)|is not queryable$/;

/**
 * A connection that could not be made may succeed in a moment. All other errors come from the app's setup: a full pool
 * with `connectionTimeoutMillis`, a hook `onConnect` or `verify` that threw, wrong TLS settings.
 */
function openKind(error: unknown, sqlstate: string | undefined): FailureKind {
  if (sqlstate !== undefined) {
    if (NOT_LET_IN.test(sqlstate)) return 'login';
    return PASSES.test(sqlstate) ? 'not-sent' : 'refused';
  }
  if (isRegionKitError(error) || ERRNO.test(codeOf(error))) return 'not-sent';
  return error instanceof Error && !LOST.test(error.message) ? 'refused' : 'not-sent';
}

/**
 * Returns what an error of a router or of its pools means for the statement, also if an ORM has wrapped the error.
 *
 * @example
 * ```ts
 * if (outcomeOf(error) === 'not-sent') await retryLater();
 * ```
 */
export function outcomeOf(error: unknown): Outcome {
  const known = regionKitErrorOf(error);
  if (known !== undefined && 'outcome' in known) return (known as { outcome: Outcome }).outcome;
  return classify(unwrapped(error), { phase: 'statement', inRecovery: false }).outcome;
}

/**
 * Returns the driver's error: the innermost error that comes from the server or from this process; or else the first
 * error with a code in the chain of causes; or else the last one. An ORM may add its own code to what it wraps.
 */
function unwrapped(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const chain = causesOf(error).filter((link) => link instanceof Error);
  const said = chain.findLast((link) => isServerError(link) || isUndone(link) || isNotQueryable(link));
  return said ?? chain.find((link) => 'code' in (link as object)) ?? chain.at(-1);
}

/** An error and its causes, outermost first: an ORM wraps what its driver threw. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain = [error];
  while (chain.length < MAX_CAUSES) {
    const last = chain.at(-1);
    if (!(last instanceof Error) || last.cause === undefined) break;
    chain.push(last.cause);
  }
  return chain;
}

const MAX_CAUSES = 8;

/** Nothing of this statement was sent. The question may be about an earlier statement on the same connection. */
function classifyNotQueryable(error: unknown, place: FailurePlace, code: string): Failure {
  if (isUndone(error)) return { kind: 'not-sent', outcome: 'not-sent', code };
  return { kind: 'lost', outcome: lost(place), code };
}

function classifyLocal(error: unknown, place: FailurePlace, code: string): Failure {
  const message = error instanceof Error ? error.message : '';
  if (message === 'Query read timeout') return { kind: 'timeout', outcome: lost(place), code };
  if (code !== 'none' || message.startsWith('Connection terminated') || isRegionKitError(error) || isLoss(error)) {
    return { kind: 'lost', outcome: isUndone(error) ? 'rolled-back' : lost(place), code };
  }
  // A value that cannot be serialised, or something that is not a statement. Refused before it was sent.
  if (isUndone(error)) return { kind: 'statement', outcome: 'not-sent', code };
  return { kind: 'statement', outcome: lost(place), code };
}

function lost({ inRecovery }: FailurePlace): Outcome {
  return inRecovery ? 'rolled-back' : 'unknown';
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? 'none';
}

/** Whether the error comes from the server and not from this process. */
export function isServerError(error: unknown): boolean {
  return typeof (error as { severity?: unknown } | null)?.severity === 'string';
}

function routineOf(error: unknown): string {
  return String((error as { routine?: unknown }).routine);
}

function endsSession(error: unknown, code: string): boolean {
  return ENDS_SESSION.test(code) || isFatal(error, code);
}

/** Severities are translated. Known English ones decide; otherwise the class of the code does. */
function isFatal(error: unknown, code: string): boolean {
  const severity = (error as { severity: string }).severity;
  if (severity === 'ERROR') return false;
  if (severity === 'FATAL' || severity === 'PANIC') return true;
  return code.startsWith('XX') || code.startsWith('58') || code.startsWith('57P');
}

/** The answer of node-postgres on a connection that was already lost or closed. */
export function isNotQueryable(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith(' and is not queryable');
}

/** After these failures the connection must not be used again. All others leave it usable. */
export function breaks({ kind }: Failure): boolean {
  return kind === 'lost' || kind === 'ended' || kind === 'timeout' || kind === 'not-sent';
}
