import type { PoolClient } from 'pg';

/** What the server has said on one connection, as far as the next decision needs it. */
interface ProtocolState {
  /** Anything of the answer to what is under way has come. */
  begun: boolean;
  /** The statement was done, or, of several, the first. */
  done: boolean;
  /** `default_transaction_read_only` is not what it was when the connection was verified. */
  readOnlyChanged: boolean;
  /** A write was refused as read-only. */
  writeRefused: boolean;
  /** A prepared statement of this session is not what node-postgres takes it for. */
  statementsLost: boolean;
  /** Called when the server is ready, or the connection at its end. */
  onReady: (() => void) | undefined;
}

const states = new WeakMap<object, ProtocolState>();
const undone = new WeakSet<object>();
const partlyDone = new WeakSet<object>();

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
    readOnlyChanged: false,
    writeRefused: false,
    statementsLost: false,
    onReady: undefined,
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
  connection.on('commandComplete', end);
  // A portal that is closed half read commits, too.
  connection.on('portalSuspended', end);
  // node-postgres hears it first: it has then sent what waited in its own queue.
  connection.on('readyForQuery', () => {
    state.begun = false;
    state.done = false;
    state.onReady?.();
  });
  connection.on('end', () => state.onReady?.());
  // PostgreSQL tells a setting of this kind when its value changes, so every word is a change.
  connection.on('parameterStatus', ({ parameterName }: { readonly parameterName?: string }) => {
    if (parameterName === 'default_transaction_read_only') state.readOnlyChanged = !state.readOnlyChanged;
  });
  // Before node-postgres hands it to who asked.
  connection.prependListener('errorMessage', (error: ServerError) => {
    if (state.done) partlyDone.add(error);
    else if (isEndOfSession(error)) undone.add(error);
    if (error.code === '25006') state.writeRefused = true;
    if (isOfPreparedStatement(error)) state.statementsLost = true;
  });
}

interface ServerError {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly routine?: unknown;
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

/** One listener at a time for the next ReadyForQuery of a connection, or its end. */
export function onNextReady(client: PoolClient, listener: (() => void) | undefined): void {
  const state = states.get(client);
  if (state !== undefined) state.onReady = listener;
}

/** Whether the server has begun to answer what is under way on `client`: it was sent, then. */
export function hasAnswer(client: PoolClient): boolean {
  return states.get(client)?.begun === true;
}

/** Whether a statement before the one that met `error`, in the same text, was done: it may be committed. */
export function isPartlyDone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && partlyDone.has(error);
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
function isOfPreparedStatement({ code, routine }: ServerError): boolean {
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
