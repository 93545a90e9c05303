import { isRegionKitError } from '@regionkit/core';
import type { PoolClient } from 'pg';
import {
  type Asked,
  activeQuery,
  hasNext,
  isAside,
  isConnectionIdle,
  isInTransaction,
  type Told,
  underWay,
  waitingOn,
} from './driver-queues.ts';
import { releaseWaiters } from './release-waiters.ts';
import { controlsTransaction, isOneStatement, mayCommit } from './transaction-control.ts';

/** What the server has reported on one connection, as far as later decisions need it. */
interface ProtocolState {
  /** A part of the answer to the current query has arrived. */
  begun: boolean;
  /** The current statement, or the first of several, was executed. */
  done: boolean;
  /** How many transactions were committed by their own COMMIT since the connection was opened. */
  commits: number;
  /** The current answer contains such a COMMIT. An error then undoes only what came after it. */
  committed: boolean;
  /** `default_transaction_read_only` has changed since the connection was verified. */
  readOnlyChanged: boolean;
  /** A write was refused as read-only. */
  writeRefused: boolean;
  /** A prepared statement of this session differs from what node-postgres expects. */
  statementsLost: boolean;
  /** The last error that the server has sent as an answer to the current query. */
  error: unknown;
  /** node-postgres handles ReadyForQuery, and may send its next query meanwhile. */
  isTurning: boolean;
  /** The server has ended the session instead of answering. What was running was rolled back. */
  undone: boolean;
  /** How the connection was lost. */
  loss: Loss | undefined;
  /** Called when the server is ready, or when the connection has ended. */
  onReady: (() => void) | undefined;
  /** Called when the connection is lost. */
  onLoss: ((loss: Loss) => void) | undefined;
}

/** The result of a lost connection. */
export interface Loss {
  /**
   * The outcome of what was running; or, if nothing was, of the open transaction. `not-sent` if there was none: this
   * applies to the next statement.
   */
  readonly outcome: 'not-sent' | 'rolled-back' | 'unknown';
  readonly cause: unknown;
}

const states = new WeakMap<object, ProtocolState>();
const undone = new WeakSet<object>();
const partlyDone = new WeakSet<object>();
const losses = new WeakSet<object>();

/**
 * Follows the messages of the server on a connection, and returns what they tell of its session. A session that the server itself ends instead of answering has
 * done nothing. A backend checks for termination only where interrupts are allowed, and that is never between a commit
 * and its CommandComplete. What it sent before still arrives
 * (https://www.postgresql.org/docs/current/protocol-flow.html and `ProcessInterrupts` in its source).
 */
export function followProtocol(client: PoolClient): SessionState {
  const known = states.get(client);
  if (known !== undefined) return known;
  const state: ProtocolState = {
    begun: false,
    done: false,
    commits: 0,
    committed: false,
    readOnlyChanged: false,
    writeRefused: false,
    statementsLost: false,
    error: undefined,
    isTurning: false,
    undone: false,
    loss: undefined,
    onReady: undefined,
    onLoss: undefined,
  };
  states.set(client, state);
  const { connection } = client;
  // Not RowDescription: node-postgres gives an error of a type parser to its caller after CommandComplete, and each
  // listener costs each statement.
  const end = (): void => {
    state.begun = true;
    state.done = true;
  };
  connection.on('commandComplete', ({ text }: { readonly text?: string }) => {
    end();
    if (text !== 'COMMIT' && text !== 'PREPARE TRANSACTION') return;
    state.committed = true;
    state.commits += 1;
  });
  // Closing a partly read portal commits, too.
  connection.on('portalSuspended', end);
  connection.prependListener('readyForQuery', () => {
    state.error = undefined;
    state.isTurning = true;
  });
  // node-postgres handles the event first, and has then sent the next query of its own queue.
  connection.on('readyForQuery', () => {
    state.isTurning = false;
    state.begun = false;
    state.done = false;
    state.committed = false;
    state.onReady?.();
  });
  const lose = (cause: unknown): void => {
    if (state.loss !== undefined) return;
    const outcome = outcomeOfLoss(client, state);
    state.loss = { outcome, cause };
    if (isAside(client)) for (const query of waitingOn(client)) noteUnsentWhenTold(query);
    if (typeof cause === 'object' && cause !== null) losses.add(cause);
    // All running queries get the same error object. An error of the router itself may also be given to several
    // connections.
    if (outcome === 'rolled-back' && cause instanceof Error && !isRegionKitError(cause)) undone.add(cause);
    if (outcome === 'rolled-back' && cause === undefined)
      for (const query of underWay(client)) noteUndoneWhenTold(query);
    state.onLoss?.(state.loss);
  };
  // Before node-postgres clears its list of running queries.
  connection.prependListener('error', lose);
  connection.prependListener('end', () => lose(undefined));
  connection.on('end', () => {
    state.onReady?.();
    releaseWaiters(connection);
  });
  // node-postgres closes a statement whose values cannot be serialised, and still counts it as prepared.
  connection.on('closeComplete', () => {
    if (activeQuery(client)?.name) state.statementsLost = true;
  });
  // PostgreSQL reports such a setting when its value changes, so every report is a change.
  connection.on('parameterStatus', ({ parameterName }: { readonly parameterName?: string }) => {
    if (parameterName === 'default_transaction_read_only') state.readOnlyChanged = !state.readOnlyChanged;
  });
  // Before node-postgres passes it to the caller.
  connection.prependListener('errorMessage', (error: ServerError) => {
    state.begun = true;
    state.error = error;
    if (state.committed || commitsOnItsWay(client)) partlyDone.add(error);
    else if ((!state.done || isInTransaction(client)) && isEndOfSession(error)) {
      // Inside a transaction only COMMIT commits, and its CommandComplete has not arrived.
      undone.add(error);
      state.undone = true;
    }
    // After an error that answers no query, node-postgres accepts no more statements.
    if (isConnectionIdle(client)) lose(error);
    if (error.code === '25006') state.writeRefused = true;
    if (isOfPreparedStatement(error)) state.statementsLost = true;
  });
  return state;
}

/** A lost transaction was rolled back, with its running statement, unless that statement may have ended the transaction. */
function outcomeOfLoss(client: PoolClient, { undone }: ProtocolState): Loss['outcome'] {
  const isLeft = !undone && !isConnectionIdle(client) && !isAside(client);
  if (!isInTransaction(client)) return isLeft ? 'unknown' : undone ? 'rolled-back' : 'not-sent';
  return isLeft && underWay(client).some(mayEndTransaction) ? 'unknown' : 'rolled-back';
}

function mayEndTransaction(asked: Asked): boolean {
  const { text } = asked;
  return typeof text !== 'string' || controlsTransaction(text) || !isOneStatement({ text }, asked.values);
}

/** Whether the running statement can commit before it ends. Inside a transaction only COMMIT can. */
function commitsOnItsWay(client: PoolClient): boolean {
  return client.getTransactionStatus() === 'I' && underWay(client).slice(0, 1).some(mayCommit);
}

interface ServerError {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly routine?: unknown;
}

/** Gives a query that waits an error of its own: the error of the connection is about what was sent. */
function noteUnsentWhenTold(query: Told): void {
  const { handleError } = query;
  query.handleError = (cause, connection) => {
    const error = new Error('The connection was lost before this statement was sent, and is not queryable', { cause });
    undone.add(error);
    handleError?.call(query, error, connection);
  };
}

/** An end without an error. node-postgres creates the error afterwards and passes it to each running query. */
function noteUndoneWhenTold(query: Told): void {
  const { handleError } = query;
  if (handleError === undefined) return;
  query.handleError = (error, connection) => {
    if (error instanceof Error && !isRegionKitError(error)) undone.add(error);
    handleError.call(query, error, connection);
  };
}

/** What is known about the session of a connection. It changes with what the server reports. */
export type SessionState = Readonly<Pick<ProtocolState, 'readOnlyChanged' | 'writeRefused' | 'statementsLost'>>;

/** Accepts the current state of the session: it was just checked, or its server refuses writes as it should. */
export function acceptSession(client: PoolClient): void {
  const state = states.get(client);
  if (state === undefined) return;
  state.readOnlyChanged = false;
  state.writeRefused = false;
}

/**
 * Sets the listener for the loss of a connection. There is one at a time. It is called at once if the connection is
 * already lost.
 */
export function onLoss(client: PoolClient, listener: ((loss: Loss) => void) | undefined): void {
  const state = states.get(client);
  if (state === undefined) return;
  state.onLoss = listener;
  if (state.loss !== undefined) listener?.(state.loss);
}

/** Sets the listener for the next ReadyForQuery of a connection, or its end. There is one at a time. */
export function onNextReady(client: PoolClient, listener: (() => void) | undefined): void {
  const state = states.get(client);
  if (state !== undefined) state.onReady = listener;
}

/**
 * Whether the running query on `client` may have been sent: the server has begun to answer, or the connection was lost
 * with it.
 */
export function maybeSent(client: PoolClient): boolean {
  const { begun, isTurning, loss } = states.get(client) ?? {};
  if (loss !== undefined) return true;
  // What has begun is the answer to the query before.
  const isNext = isTurning === true && hasNext(client);
  return begun === true && !isNext;
}

/** Whether `error` is what the server has answered to the current query on `client`. */
export function isErrorMessage(client: PoolClient, error: unknown): boolean {
  const answered = states.get(client)?.error;
  return answered !== undefined && answered === error;
}

/**
 * Whether a connection was lost with `error`. The class of the error does not matter: an app may destroy a socket with
 * its own error.
 */
export function isLoss(error: unknown): boolean {
  return typeof error === 'object' && error !== null && losses.has(error);
}

/**
 * Whether an error undoes only a part: an earlier COMMIT in the same text took effect, or the statement commits while
 * it runs.
 */
export function isPartlyDone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && partlyDone.has(error);
}

/** How many transactions on this connection were committed by their own COMMIT. */
export function commitsOn(client: PoolClient): number {
  return states.get(client)?.commits ?? 0;
}

/**
 * Whether the server itself ended this session. A pooler can send such an error while the server continues, but only
 * PostgreSQL adds the name of the source function.
 */
export function isEndOfSession(error: unknown): boolean {
  const { severity, routine } = (error ?? {}) as ServerError;
  return severity === 'FATAL' && routine === 'ProcessInterrupts';
}

/** A prepared statement is missing, exists already, or its result has another shape now. */
export function isOfPreparedStatement(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as ServerError;
  return code === '26000' || code === '42P05' || (code === '0A000' && routine === 'RevalidateCachedQuery');
}

/** Marks an error: its statement certainly did not take effect. */
export function noteUndone(error: object): void {
  undone.add(error);
}

/** Whether the statement of `error` certainly did not take effect. */
export function isUndone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && undone.has(error);
}
