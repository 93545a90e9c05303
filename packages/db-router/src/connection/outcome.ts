import { isRegionKitError, regionKitErrorOf } from '@regionkit/core';
import { TransactionLeftOpenError } from '../errors.ts';
import type { Outcome } from '../reasons.ts';
import { isLoss, isOfPreparedStatement, isPartlyDone, isUndone } from './protocol-state.ts';

/** What a failure means for the statement that met it, and for where to go next. */
export type FailureKind =
  /** No connection was had, or nothing was written to it. */
  | 'not-sent'
  /** No connection, and another try is not ours to make: the pool is full, or the app's own hook refused the connection. */
  | 'refused'
  /** The server would not let us in: a password, a role, a database. Another try will not help. */
  | 'login'
  /** It is a standby, or takes no writes: nothing was done. */
  | 'read-only'
  /** Recovery on a standby was in the way. */
  | 'conflict'
  /** Serialization failure or deadlock: undone, and worth another try. */
  | 'serialization'
  /** The server ended the session in place of an answer: nothing was done. */
  | 'ended'
  /** The connection was lost with the statement under way. */
  | 'lost'
  /** A prepared statement is not what this process takes it for: nothing was done, and the connection is of no use. */
  | 'stale-statement'
  /** This process gave up waiting: the statement goes on without us. */
  | 'timeout'
  /** The statement itself: the caller's business. */
  | 'statement';

export interface Failure {
  readonly kind: FailureKind;
  readonly outcome: Outcome;
  /** SQLSTATE or errno, of a fixed length; `none` when there is neither. */
  readonly code: string;
}

/** Where the failure was met. */
export interface FailurePlace {
  /** `open`: while a connection was being had. `commit`: with COMMIT under way. */
  readonly phase: 'open' | 'statement' | 'commit';
  /** The node was in recovery: it cannot have written anything. */
  readonly inRecovery: boolean;
}

const SQLSTATE = /^[0-9A-Z]{5}$/;
/**
 * 0A000 says that something is not supported, which is true of many a read. These functions say it of a standby: of
 * `BEGIN READ WRITE`, and of a serializable transaction (PostgreSQL, 27.4.2).
 */
const NOT_ON_A_STANDBY = /^(?:call_bool_check_hook|call_enum_check_hook|GetSerializableTransactionSnapshot)$/;
/** What ends a session on a standby because recovery needs what it reads. Nothing ends one so on a primary. */
const ENDED_BY_RECOVERY = /^Process(?:Interrupts|RecoveryConflictInterrupts?)$/;
const ENDS_SESSION = /^(?:57P0[1-5]|08...|25P0[34]|53300)$/;

/**
 * What `error` means. SQLSTATEs decide, never a translated message; the few of node-postgres that carry no code are its
 * own constants. PostgreSQL, appendix A (error codes) and 27.4.2 (handling query conflicts).
 */
export function classify(error: unknown, place: FailurePlace): Failure {
  const code = codeOf(error);
  const sqlstate = SQLSTATE.test(code) && isServerError(error);
  if (place.phase === 'open') return { kind: openKind(error, sqlstate ? code : undefined), outcome: 'not-sent', code };
  if (error instanceof TransactionLeftOpenError) return { kind: 'statement', outcome: error.outcome, code };
  if (isNotQueryable(error)) return classifyNotQueryable(error, place, code);
  if (!sqlstate) return classifyLocal(error, place, code);
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
  // statement_completion_unknown: the engine itself cannot tell (CockroachDB).
  if (code === '40003') return { kind: 'lost', outcome: lost(place), code };
  if (code === '40001' || code === '40P01') return { kind: 'serialization', outcome: 'rolled-back', code };
  return { kind: 'statement', outcome: 'rolled-back', code };
}

const NOT_LET_IN = /^(?:28...|3D000|42501)$/;
/** The server, or the way to it, is not there at this moment. */
const PASSES = /^(?:08...|53...|57...|58...|XX...)$/;
const ERRNO = /^(?:E(?!RR_)[A-Z0-9_]+|ERR_(?:SOCKET|STREAM)_\w+)$/;
const LOST = /^(?:Connection terminated|timeout expired|Query read timeout)|is not queryable$/;

/**
 * A connection that could not be made may be there in a moment. Anything else is what the app set up: a full pool with
 * `connectionTimeoutMillis`, `onConnect` or `verify` that threw, TLS that does not fit.
 */
function openKind(error: unknown, sqlstate: string | undefined): FailureKind {
  if (sqlstate !== undefined) {
    if (NOT_LET_IN.test(sqlstate)) return 'login';
    return PASSES.test(sqlstate) ? 'not-sent' : 'refused';
  }
  if (isRegionKitError(error) || ERRNO.test(codeOf(error))) return 'not-sent';
  return error instanceof Error && !LOST.test(error.message) ? 'refused' : 'not-sent';
}

/** What became of the statement behind an error that a router, or a pool of it, threw; also where an ORM has wrapped it. */
export function outcomeOf(error: unknown): Outcome {
  const known = regionKitErrorOf(error);
  if (known !== undefined && 'outcome' in known) return (known as { outcome: Outcome }).outcome;
  return classify(unwrapped(error), { phase: 'statement', inRecovery: false }).outcome;
}

/**
 * What the driver threw: the innermost of what the server said or what this process knows, else the first in the chain of
 * causes that carries a code, or else the last. An ORM may give what it wraps a code of its own.
 */
function unwrapped(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const chain = causesOf(error).filter((link) => link instanceof Error);
  const said = chain.findLast((link) => isServerError(link) || isUndone(link) || isNotQueryable(link));
  return said ?? chain.find((link) => 'code' in (link as object)) ?? chain.at(-1);
}

/** An error and what is behind it, outermost first: an ORM wraps what its driver threw. */
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

/** Nothing of this statement was sent: what was before it on the same connection may be all that is asked about. */
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
  // A value that does not serialise, a statement that is none: refused before it was sent.
  if (isUndone(error)) return { kind: 'statement', outcome: 'not-sent', code };
  return { kind: 'statement', outcome: lost(place), code };
}

function lost({ inRecovery }: FailurePlace): Outcome {
  return inRecovery ? 'rolled-back' : 'unknown';
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  if (typeof code === 'string' && code.length > 0 && code.length <= 40) return code;
  const inner = (error as { errors?: readonly unknown[] } | null | undefined)?.errors?.[0];
  return inner === undefined ? 'none' : codeOf(inner);
}

/** Whether it is what the server said, and not what this process met. */
export function isServerError(error: unknown): boolean {
  return typeof (error as { severity?: unknown } | null)?.severity === 'string';
}

function routineOf(error: unknown): string {
  return String((error as { routine?: unknown }).routine);
}

function endsSession(error: unknown, code: string): boolean {
  return ENDS_SESSION.test(code) || isFatal(error, code);
}

/** Severities are translated, so the ones known in English decide and the classes of the code fill in. */
function isFatal(error: unknown, code: string): boolean {
  const severity = (error as { severity: string }).severity;
  if (severity === 'ERROR') return false;
  if (severity === 'FATAL' || severity === 'PANIC') return true;
  return code.startsWith('XX') || code.startsWith('58') || code.startsWith('57P');
}

/** What node-postgres answers on a connection that was lost or closed before. */
export function isNotQueryable(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith(' and is not queryable');
}

/** A failure after which the connection must not be used again. Everything else leaves it as good as new. */
export function breaks({ kind }: Failure): boolean {
  return kind === 'lost' || kind === 'ended' || kind === 'timeout' || kind === 'not-sent';
}
