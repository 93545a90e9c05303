import type { Connection, PoolClient } from 'pg';
import { parseLsn } from '../history/lsn.ts';
import { NO_POSITION, readSenders } from '../topology/readings.ts';
import { noteUndone } from './protocol-state.ts';
import { type CommandMessage, type Conversation, converse, type Queryable, type RowMessage } from './submittable.ts';
import { TRANSACTION_ID_SQL } from './whether-written.ts';

/** What COMMIT said. */
export type CommitResult =
  /** Done. `lsn` is undefined when the position behind it could not be had; `wrote` is true where nobody can tell. */
  | {
      readonly tag: 'COMMIT';
      readonly lsn: bigint | undefined;
      readonly wrote: boolean;
      /** How many standbys were attached then; undefined when that was not said. */
      readonly senders: number | undefined;
    }
  /** The transaction had failed before: nothing was done. */
  | { readonly tag: 'ROLLBACK' };

/**
 * COMMIT and the position behind it in one round trip. The position must be taken after COMMIT: before it, it lies at
 * the start of the commit record, which a standby can reach without having applied it. Once COMMIT's own tag has come,
 * nothing that follows can take it back.
 *
 * Before it, the transaction is asked whether it has written. One that has failed answers nothing and is not asked.
 *
 * @param wants false where nobody wants to know either
 * @throws what the server or the connection said before the tag came
 */
export function commit(
  client: Pick<PoolClient, 'getTransactionStatus'>,
  raw: Queryable,
  positionSql: string,
  wants = true,
): Promise<CommitResult> {
  return new Promise((resolve, reject) => {
    const asksPosition = wants && positionSql !== NO_POSITION;
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
        // What was asked before it is answered by now, and may have failed.
        asks = asksPosition && client.getTransactionStatus?.() === 'T';
        const question = asks ? `${TRANSACTION_ID_SQL}; ` : '';
        connection.query(asksPosition ? `${question}COMMIT; ${positionSql}` : 'COMMIT');
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
        if (asks && !isAsked) isAsked = true;
        else tag ??= text.split(' ', 1)[0];
      },
      handleEmptyQuery: () => {},
      handlePortalSuspended: () => {},
      handleCopyInResponse: () => {},
      handleCopyData: () => {},
      // After an error the server skips to the end of the message and says that it is ready, to nobody.
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
