import type { PoolClient, QueryResult } from 'pg';
import { TransactionLeftOpenError } from '../errors.ts';
import { isInTransaction } from './driver-queues.ts';
import { classify, type FailurePlace, isNotQueryable } from './outcome.ts';
import { maybeSent, noteUndone } from './protocol-state.ts';
import { copyOf, type Query, type Values } from './query.ts';

type LooseQuery = (query: unknown, values: unknown, done: (error: unknown, result: unknown) => void) => void;

/**
 * Calls back exactly once, also for errors that node-postgres throws synchronously. For a value that cannot be
 * serialised, node-postgres itself calls back, and again when the server is ready.
 */
export function send(
  client: PoolClient,
  query: Query,
  values: Values,
  done: (error: unknown, result: unknown) => void,
): void {
  let settled = false;
  const answered = (error: unknown, result: unknown): void => {
    if (settled) return;
    settled = true;
    if (!error) {
      if (isInTransaction(client)) done(new TransactionLeftOpenError(committed(result)), undefined);
      else done(undefined, result);
      return;
    }
    // It is the first statement on a connection that was just handed out.
    if (isNotQueryable(error)) noteUndone(error as Error);
    noteRefusal(client, error);
    done(error, result);
  };
  try {
    (client.query as unknown as LooseQuery).call(client, copyOf(query), values, answered);
  } catch (error) {
    answered(error, undefined);
  }
}

/** What happened to the statements of one text that left a transaction open. */
function committed(result: unknown): 'unknown' | 'rolled-back' {
  const results = [result].flat() as readonly Partial<QueryResult>[];
  return results.some(({ command }) => command === 'COMMIT' || command === 'PREPARE') ? 'unknown' : 'rolled-back';
}

/** Call it for each error that answers a statement: what node-postgres itself refused was not sent. */
export function noteRefusal(client: PoolClient, error: unknown): void {
  if (isRefusal(error) && !maybeSent(client)) noteUndone(error);
}

/**
 * Neither from the server nor from the connection: node-postgres refused the statement, or a type parser of the app
 * failed.
 */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && !('severity' in error) && classify(error, STATEMENT).kind === 'statement';
}

const STATEMENT: FailurePlace = { phase: 'statement', inRecovery: false };
