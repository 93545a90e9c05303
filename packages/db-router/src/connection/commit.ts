import type { Connection, PoolClient } from 'pg';
import { parseLsn } from '../history/lsn.ts';
import { NO_POSITION, readSenders } from '../topology/readings.ts';
import { TRANSACTION_ID_SQL } from './followed-query.ts';
import { noteUndone } from './protocol-state.ts';
import { type CommandMessage, type Conversation, converse, type Queryable, type RowMessage } from './submittable.ts';

/** The result of COMMIT. */
export type CommitResult =
  /**
   * Committed. `lsn` is undefined if the position could not be read. `wrote` is true if it is not known whether the
   * transaction wrote.
   */
  | {
      readonly tag: 'COMMIT';
      readonly lsn: bigint | undefined;
      readonly wrote: boolean;
      /** How many standbys were connected to the primary then. Undefined if the answer does not contain it. */
      readonly senders: number | undefined;
    }
  /** The transaction had failed before, so nothing took effect. */
  | { readonly tag: 'ROLLBACK' };

/**
 * Sends COMMIT and the query for the position in one round trip. The position must be read after COMMIT: before it, the
 * position is at the start of the commit record, and a standby can reach that without having applied the commit. Once
 * the tag of COMMIT has arrived, nothing that follows can undo it.
 *
 * Before COMMIT it asks whether the transaction has written. A failed transaction cannot answer and is not asked.
 *
 * @param wants false if the caller does not need the position
 * @param last a statement before it, in the same round trip, unless the transaction has failed. If it fails, the transaction stays open
 * @throws the error of the server or the connection before the tag
 */
export function commit(
  client: Pick<PoolClient, 'getTransactionStatus'>,
  raw: Queryable,
  positionSql: string,
  wants = true,
  last?: string,
): Promise<CommitResult> {
  return new Promise((resolve, reject) => {
    const asksPosition = wants && positionSql !== NO_POSITION;
    let isAhead = false;
    let asks = false;
    let isAsked = false;
    let wrote = true;
    let tag: string | undefined;
    let lsn: bigint | undefined;
    let senders: number | undefined;
    let failed: unknown;
    let settled = false;
    let sent = false;
    const settle = (error: unknown): void => {
      if (settled) return;
      settled = true;
      conversation.callback();
      if (tag === 'COMMIT') resolve({ tag, lsn, wrote, senders });
      else if (tag === 'ROLLBACK') resolve({ tag });
      else reject(error ?? new Error('COMMIT was not answered'));
    };
    const conversation: Conversation = {
      callback: () => {},
      submit: (connection: Connection) => {
        sent = true;
        // The query before it has been answered by now, and may have failed.
        const isWhole = client.getTransactionStatus?.() === 'T';
        asks = asksPosition && isWhole;
        isAhead = last !== undefined && isWhole;
        const question = asks ? `${TRANSACTION_ID_SQL}; ` : '';
        connection.query(
          `${isAhead ? `${last}; ` : ''}${asksPosition ? `${question}COMMIT; ${positionSql}` : 'COMMIT'}`,
        );
        return null;
      },
      handleRowDescription: () => {},
      handleDataRow: ({ fields }: RowMessage) => {
        const [position, attached] = fields;
        if (asks && !isAsked) {
          wrote = position !== null;
          return;
        }
        if (attached !== null && attached !== undefined) senders = readSenders(attached);
        if (typeof position === 'string') lsn = parseLsn(position);
        else if (position !== null && position !== undefined) lsn = parseLsn(String(position));
      },
      handleCommandComplete: ({ text }: CommandMessage) => {
        if (isAhead) isAhead = false;
        else if (asks && !isAsked) isAsked = true;
        else tag ??= text.split(' ', 1)[0];
      },
      handleEmptyQuery: () => {},
      handlePortalSuspended: () => {},
      handleCopyInResponse: () => {},
      handleCopyData: () => {},
      // After an error the server skips to the end of the message and reports that it is ready. No query waits for this
      // report.
      handleError: (error) => {
        if (!sent) noteUndone(error as object);
        failed = error;
        settle(failed);
      },
      handleReadyForQuery: () => settle(failed),
    };
    converse(raw, conversation);
  });
}
