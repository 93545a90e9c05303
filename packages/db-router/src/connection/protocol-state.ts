import { isRegionKitError } from '@regionkit/core';
import type { PoolClient } from 'pg';
import { controlsTransaction, isOneStatement, mayCommit } from './transaction-control.ts';

/** What the server has said on one connection, as far as the next decision needs it. */
interface ProtocolState {
  /** Anything of the answer to what is under way has come. */
  begun: boolean;
  /** The statement was done, or, of several, the first. */
  done: boolean;
  /** Transactions that were committed by their own command, as long as the connection is open. */
  commits: number;
  /** One of them in the answer that is under way: an error undoes only what came after it. */
  committed: boolean;
  /** `default_transaction_read_only` is not what it was when the connection was verified. */
  readOnlyChanged: boolean;
  /** A write was refused as read-only. */
  writeRefused: boolean;
  /** A prepared statement of this session is not what node-postgres takes it for. */
  statementsLost: boolean;
  /** The server has said that it ends the session in place of an answer: what was under way was undone. */
  undone: boolean;
  /** How the connection was lost. */
  loss: Loss | undefined;
  /** Called when the server is ready, or the connection at its end. */
  onReady: (() => void) | undefined;
  /** Called when the connection is lost. */
  onLoss: ((loss: Loss) => void) | undefined;
}

/** What a lost connection left behind. */
export interface Loss {
  /**
   * What became of what was under way; without anything under way, of the transaction that was open; `not-sent` if there
   * was none: it is of the next statement that this is said.
   */
  readonly outcome: 'not-sent' | 'rolled-back' | 'unknown';
  readonly cause: unknown;
}

const states = new WeakMap<object, ProtocolState>();
const undone = new WeakSet<object>();
const partlyDone = new WeakSet<object>();
const losses = new WeakSet<object>();

/**
 * Follows what the server says on a connection. A session that the server itself ends in place of an answer has done
 * nothing: a backend looks whether it should end only where interrupts are allowed, which is never between a commit and
 * its CommandComplete, and what it has said before it ends still arrives (PostgreSQL, 55.2 and `ProcessInterrupts`).
 */
export function followProtocol(client: PoolClient): void {
  if (states.has(client)) return;
  const state: ProtocolState = {
    begun: false,
    done: false,
    commits: 0,
    committed: false,
    readOnlyChanged: false,
    writeRefused: false,
    statementsLost: false,
    undone: false,
    loss: undefined,
    onReady: undefined,
    onLoss: undefined,
  };
  states.set(client, state);
  const { connection } = client;
  const begin = (): void => {
    state.begun = true;
  };
  const end = (): void => {
    state.begun = true;
    state.done = true;
  };
  connection.on('rowDescription', begin);
  connection.on('commandComplete', ({ text }: { readonly text?: string }) => {
    end();
    if (text !== 'COMMIT' && text !== 'PREPARE TRANSACTION') return;
    state.committed = true;
    state.commits += 1;
  });
  // A portal that is closed half read commits, too.
  connection.on('portalSuspended', end);
  // node-postgres hears it first: it has then sent what waited in its own queue.
  connection.on('readyForQuery', () => {
    state.begun = false;
    state.done = false;
    state.committed = false;
    state.onReady?.();
  });
  const lose = (cause: unknown): void => {
    if (state.loss !== undefined) return;
    const outcome = outcomeOfLoss(client, state);
    state.loss = { outcome, cause };
    if (typeof cause === 'object' && cause !== null) losses.add(cause);
    // What is under way is told the same error. One of the router's own may be told to other connections as well.
    if (outcome === 'rolled-back' && cause instanceof Error && !isRegionKitError(cause)) undone.add(cause);
    if (outcome === 'rolled-back' && cause === undefined)
      for (const query of underWay(client)) noteUndoneWhenTold(query);
    state.onLoss?.(state.loss);
  };
  // Before node-postgres forgets what was under way.
  connection.prependListener('error', lose);
  connection.prependListener('end', () => lose(undefined));
  connection.on('end', () => state.onReady?.());
  // node-postgres closes a statement whose values do not serialise, and still takes it for prepared.
  connection.on('closeComplete', () => {
    if ((client as unknown as Queues)._activeQuery?.name) state.statementsLost = true;
  });
  // PostgreSQL tells a setting of this kind when its value changes, so every word is a change.
  connection.on('parameterStatus', ({ parameterName }: { readonly parameterName?: string }) => {
    if (parameterName === 'default_transaction_read_only') state.readOnlyChanged = !state.readOnlyChanged;
  });
  // Before node-postgres hands it to who asked.
  connection.prependListener('errorMessage', (error: ServerError) => {
    state.begun = true;
    if (state.committed || commitsOnItsWay(client)) partlyDone.add(error);
    else if ((!state.done || isInTransaction(client)) && isEndOfSession(error)) {
      // Inside a transaction nothing commits but COMMIT, and its CommandComplete has not come.
      undone.add(error);
      state.undone = true;
    }
    // node-postgres takes no statement any more after an error that is the answer to none.
    if (isQuiet(client)) lose(error);
    if (error.code === '25006') state.writeRefused = true;
    if (isOfPreparedStatement(error)) state.statementsLost = true;
  });
}

/** Inside a transaction, what is under way was undone with it, if it cannot have ended the transaction. */
function outcomeOfLoss(client: PoolClient, { undone }: ProtocolState): Loss['outcome'] {
  const isLeft = !undone && !isQuiet(client);
  if (!isInTransaction(client)) return isLeft ? 'unknown' : undone ? 'rolled-back' : 'not-sent';
  return isLeft && underWay(client).some(mayEndTransaction) ? 'unknown' : 'rolled-back';
}

interface Asked {
  readonly name?: unknown;
  readonly text?: unknown;
  readonly values?: unknown;
}

function mayEndTransaction(asked: Asked): boolean {
  const { text } = asked;
  return typeof text !== 'string' || controlsTransaction(text) || !isOneStatement({ text }, asked.values);
}

/** Whether what is under way can commit before it has ended. Inside a transaction nothing can but COMMIT itself. */
function commitsOnItsWay(client: PoolClient): boolean {
  return client.getTransactionStatus() === 'I' && underWay(client).slice(0, 1).some(mayCommit);
}

interface ServerError {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly routine?: unknown;
}

/** What node-postgres keeps of a client and does not declare. */
interface Queues {
  readonly readyForQuery?: boolean;
  readonly _activeQuery?: Asked | null;
  readonly _queryQueue?: readonly Asked[];
  readonly _sentQueryQueue?: readonly Asked[];
}

/** What was asked and not answered, the oldest first. What was given up in this process has no place in it any more. */
function underWay(client: PoolClient): readonly Asked[] {
  const { _activeQuery, _sentQueryQueue = [], _queryQueue = [] } = client as unknown as Queues;
  return [_activeQuery ?? {}, ..._sentQueryQueue, ..._queryQueue];
}

/** An end without an error: node-postgres makes one only afterwards, and tells it to each query that was under way. */
function noteUndoneWhenTold(query: Asked & { handleError?: (error: unknown, connection: unknown) => void }): void {
  const { handleError } = query;
  if (handleError === undefined) return;
  query.handleError = (error, connection) => {
    if (error instanceof Error && !isRegionKitError(error)) undone.add(error);
    handleError.call(query, error, connection);
  };
}

/** ReadyForQuery has come, and nothing is sent or waits to be. */
export function isQuiet(client: PoolClient): boolean {
  const { readyForQuery, _queryQueue: waiting, _sentQueryQueue: sent } = client as unknown as Queues;
  return readyForQuery === true && !waiting?.length && !sent?.length;
}

/** Whether the last ReadyForQuery told of an open transaction. */
export function isInTransaction(client: PoolClient): boolean {
  const status = client.getTransactionStatus();
  return status === 'T' || status === 'E';
}

/** What is known of a connection's session. */
export type SessionState = Readonly<Pick<ProtocolState, 'readOnlyChanged' | 'writeRefused' | 'statementsLost'>>;

const FRESH: SessionState = { readOnlyChanged: false, writeRefused: false, statementsLost: false };

export function sessionState(client: PoolClient): SessionState {
  return states.get(client) ?? FRESH;
}

/** What the session is now is what it should be: it was just asked, or its refusals are those of its server. */
export function acceptSession(client: PoolClient): void {
  const state = states.get(client);
  if (state === undefined) return;
  state.readOnlyChanged = false;
  state.writeRefused = false;
}

/** One listener at a time for the loss of a connection: at once if it is lost. */
export function onLoss(client: PoolClient, listener: ((loss: Loss) => void) | undefined): void {
  const state = states.get(client);
  if (state === undefined) return;
  state.onLoss = listener;
  if (state.loss !== undefined) listener?.(state.loss);
}

/** One listener at a time for the next ReadyForQuery of a connection, or its end. */
export function onNextReady(client: PoolClient, listener: (() => void) | undefined): void {
  const state = states.get(client);
  if (state !== undefined) state.onReady = listener;
}

/**
 * Whether what is under way on `client` may have been sent: the server has begun to answer it, or the connection was lost
 * with it.
 */
export function maybeSent(client: PoolClient): boolean {
  const { begun, loss } = states.get(client) ?? {};
  return begun === true || loss !== undefined;
}

/** Whether a connection was lost with `error`, whatever it looks like: an app may end a socket with an error of its own. */
export function isLoss(error: unknown): boolean {
  return typeof error === 'object' && error !== null && losses.has(error);
}

/**
 * Whether an error undoes only a part of what it met: a COMMIT before it in the same text was done, or the statement is one
 * that commits on its way.
 */
export function isPartlyDone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && partlyDone.has(error);
}

/** How many transactions were committed on a connection by their own command. */
export function commitsOn(client: PoolClient): number {
  return states.get(client)?.commits ?? 0;
}

/**
 * Whether it is the server's own word that it ends this session. A pooler can say so in its name, while the server goes
 * on: only PostgreSQL tells the function it comes from.
 */
export function isEndOfSession(error: unknown): boolean {
  const { severity, routine } = (error ?? {}) as ServerError;
  return severity === 'FATAL' && routine === 'ProcessInterrupts';
}

/** A prepared statement that is gone, that is there already, or whose result has another shape since. */
export function isOfPreparedStatement(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as ServerError;
  return code === '26000' || code === '42P05' || (code === '0A000' && routine === 'RevalidateCachedQuery');
}

/** To be said of an error when what it stands for cannot have been done. */
export function noteUndone(error: object): void {
  undone.add(error);
}

/** Whether what met `error` is known not to have been done. */
export function isUndone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && undone.has(error);
}
