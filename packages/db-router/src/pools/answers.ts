import type { PoolClient } from 'pg';

interface Answer {
  /** Anything of it has come. */
  begun: boolean;
  /** The statement was done, or, of several, the first. */
  done: boolean;
}

const answering = new WeakMap<object, Answer>();
const undone = new WeakSet<object>();
const partlyDone = new WeakSet<object>();

/**
 * Follows what the server answers on a connection. A session that the server itself ends in place of an answer has done
 * nothing: a backend looks whether it should end only where interrupts are allowed, which is never between a commit and
 * its CommandComplete, and what it has said before it ends still arrives (PostgreSQL, 55.2 and `ProcessInterrupts`).
 */
export function followAnswers(client: PoolClient): void {
  if (answering.has(client)) return;
  const answer: Answer = { begun: false, done: false };
  answering.set(client, answer);
  const { connection } = client;
  const begin = (): void => {
    answer.begun = true;
  };
  const end = (): void => {
    answer.begun = true;
    answer.done = true;
  };
  connection.on('rowDescription', begin);
  connection.on('commandComplete', end);
  // A portal that is closed half read commits, too.
  connection.on('portalSuspended', end);
  connection.on('readyForQuery', () => {
    answer.begun = false;
    answer.done = false;
  });
  // Before node-postgres hands it to who asked.
  connection.prependListener('errorMessage', (error: object) => {
    if (answer.done) partlyDone.add(error);
    else if (isEndOfSession(error)) undone.add(error);
  });
}

/** Whether the server has begun to answer what is under way on `client`: it was sent, then. */
export function hasAnswer(client: PoolClient): boolean {
  return answering.get(client)?.begun === true;
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
  const { severity, routine } = (error ?? {}) as { readonly severity?: unknown; readonly routine?: unknown };
  return severity === 'FATAL' && routine === 'ProcessInterrupts';
}

/** To be said of an error when what it stands for cannot have been done. */
export function noteUndone(error: object): void {
  undone.add(error);
}

/** Whether what met `error` is known not to have been done. */
export function isUndone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && undone.has(error);
}
