import type { Connection } from 'pg';
import { parseLsn } from '../causality/lsn.ts';
import { type CommandMessage, type Conversation, converse, type Queryable, type RowMessage } from './submittable.ts';

/** What COMMIT said. */
export type CommitResult =
  /** Done. `lsn` is undefined when the position behind it could not be had. */
  | { readonly tag: 'COMMIT'; readonly lsn: bigint | undefined }
  /** The transaction had failed before: nothing was done. */
  | { readonly tag: 'ROLLBACK' };

/**
 * COMMIT and the position behind it in one round trip. The position must be taken after COMMIT: before it, it lies at
 * the start of the commit record, which a standby can reach without having applied it. Once COMMIT's own tag has come,
 * nothing that follows can take it back.
 *
 * @param wants false for a transaction that wrote nothing
 * @throws what the server or the connection said before the tag came
 */
export function commit(client: Queryable, positionSql: string, wants = true): Promise<CommitResult> {
  return new Promise((resolve, reject) => {
    let tag: string | undefined;
    let lsn: bigint | undefined;
    let failed: unknown;
    let settled = false;
    const settle = (error: unknown): void => {
      if (settled) return;
      settled = true;
      conversation.callback();
      if (tag === 'COMMIT') resolve({ tag, lsn });
      else if (tag === 'ROLLBACK') resolve({ tag });
      else reject(error ?? new Error('COMMIT was not answered'));
    };
    const conversation: Conversation = {
      callback: () => {},
      submit: (connection: Connection) => {
        connection.query(wants ? `COMMIT; ${positionSql}` : 'COMMIT');
        return null;
      },
      handleRowDescription: () => {},
      handleDataRow: ({ fields }: RowMessage) => {
        const [position] = fields;
        if (typeof position === 'string') lsn = parseLsn(position);
        else if (position !== null && position !== undefined) lsn = parseLsn(String(position));
      },
      handleCommandComplete: ({ text }: CommandMessage) => {
        tag ??= text.split(' ', 1)[0];
      },
      handleEmptyQuery: () => {},
      handlePortalSuspended: () => {},
      handleCopyInResponse: () => {},
      handleCopyData: () => {},
      // After an error the server skips to the end of the message and says that it is ready, to nobody.
      handleError: (error) => {
        failed = error;
        settle(failed);
      },
      handleReadyForQuery: () => settle(failed),
    };
    converse(client, conversation);
  });
}
