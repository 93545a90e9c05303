import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import { takesAdvisoryLock } from '../connection/advisory-lock.ts';
import { breaks, classify, isNotQueryable } from '../connection/outcome.ts';
import { mistakeIn, type Query } from '../connection/query.ts';
import { controlsTransaction, isOneStatement } from '../connection/transaction-control.ts';
import { AdvisoryLockError, TransactionClosedError, TransactionControlError } from '../errors.ts';

/** A running transaction on one connection. Use it only inside the callback. */
export interface Transaction {
  /** `region/node`. */
  readonly node: string;
  /**
   * Runs a statement in the transaction. Await every call before the callback returns.
   *
   * @example
   * ```ts
   * const { rows } = await tx.query<{ id: number }>('insert into orders default values returning id');
   * ```
   *
   * @throws {DatabaseError} What the server reports about the statement, as node-postgres does.
   * @throws {TransactionClosedError} The transaction has ended.
   * @throws {TransactionControlError} The statement begins or ends a transaction.
   * @throws {AdvisoryLockError} It takes an advisory lock in a transaction on a standby.
   * @throws {TypeError} `query` is a cursor, a stream or a `pg.Query`, or `values` is a callback. Nothing was sent.
   */
  query<Row extends QueryResultRow = QueryResultRow>(
    query: Query,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

/** A running transaction, and the errors of its statements. */
export interface OpenTransaction {
  readonly handle: Transaction;
  readonly isOpen: boolean;
  readonly pending: number;
  /** The last error of one of its statements. */
  readonly failed: unknown;
  /** The error with which its connection was lost. */
  readonly lost: unknown;
  /** A text with several statements was sent and not answered. One of them may be a COMMIT. */
  readonly mayBeCommitted: boolean;
  close(): void;
}

export function createOpenTransaction(client: PoolClient, node: string, inRecovery: boolean): OpenTransaction {
  let open = true;
  let pending = 0;
  let failed: unknown;
  let lost: unknown;
  let unanswered = 0;
  return {
    handle: {
      node,
      query: async (query, values) => {
        if (!open) throw new TransactionClosedError();
        const mistake = mistakeIn(query, values);
        if (mistake !== undefined) throw mistake;
        if (inRecovery && takesAdvisoryLock(query)) throw new AdvisoryLockError();
        if (controlsTransaction(typeof query === 'string' ? query : query.text)) throw new TransactionControlError();
        const several = isOneStatement(query, values) ? 0 : 1;
        pending += 1;
        unanswered += several;
        try {
          const result = (await client.query(query as never, values as never)) as unknown as QueryResult<never>;
          failed = undefined;
          unanswered -= several;
          return result;
        } catch (error) {
          // 25P02 only says that an earlier statement failed.
          if ((error as { code?: unknown }).code !== '25P02') failed = error;
          if (breaks(classify(error, { phase: 'statement', inRecovery }))) lost = error;
          if (lost !== error || isNotQueryable(error)) unanswered -= several;
          throw error;
        } finally {
          pending -= 1;
        }
      },
    },
    get isOpen() {
      return open;
    },
    get pending() {
      return pending;
    },
    get failed() {
      return failed;
    },
    get lost() {
      return lost;
    },
    get mayBeCommitted() {
      return unanswered > 0;
    },
    close: () => {
      open = false;
    },
  };
}
