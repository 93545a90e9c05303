import type { PoolClient } from 'pg';
import { isInTransaction } from '../connection/driver-queues.ts';
import { commitsOn } from '../connection/protocol-state.ts';
import type { Conversation } from '../connection/submittable.ts';
import { TransactionLeftOpenError } from '../errors.ts';

type Done = (error: unknown, result?: unknown) => void;

/**
 * Runs a query that handles the protocol itself (a `pg.Query`, a cursor, a stream), alone on a client of its own. Calls back
 * once: after its error, or when the server is ready again. A cursor itself never calls back. A query that leaves a
 * transaction open has failed: the transaction ends with its client.
 */
export function runSubmitted(client: PoolClient, query: Conversation, values: unknown, done: Done): void {
  const commitsBefore = commitsOn(client);
  const { handleReadyForQuery: ready, handleError: failed } = query;
  let isSettled = false;
  const settle: Done = (error, result) => {
    if (isSettled) return;
    isSettled = true;
    done(error ?? undefined, result);
  };
  query.handleError = (error, connection) => {
    failed.call(query, error, connection);
    settle(error);
  };
  query.handleReadyForQuery = (connection) => {
    if (isInTransaction(client)) {
      const outcome = commitsOn(client) > commitsBefore ? 'unknown' : 'rolled-back';
      query.handleError(new TransactionLeftOpenError(outcome), connection);
      // It was called. And a cursor that has its last row takes no error any more: its reader learns of its end.
      query.callback = () => {};
    }
    ready.call(query, connection);
    settle(undefined);
  };
  try {
    (client.query as (query: unknown, values: unknown, done: Done) => unknown)(query, values, settle);
  } catch (error) {
    settle(error);
  }
}
