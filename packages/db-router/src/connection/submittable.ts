import type { Connection, PoolClient, Submittable } from 'pg';

/** One message of the server, as node-postgres passes it to the running query. */
export interface CommandMessage {
  readonly text: string;
}
export interface RowMessage {
  readonly fields: readonly (string | null)[];
}

/**
 * The contract of node-postgres for a query that speaks the protocol itself, as pg-cursor and pg-query-stream do. Every
 * handler must exist, or node-postgres throws while it parses a message.
 */
export interface Conversation extends Submittable {
  /** node-postgres sets it to track prepared statements. Ours have none. */
  readonly name?: undefined;
  /** Called at the end. node-postgres attaches the timer of `query_timeout` to it. */
  callback: () => void;
  submit(connection: Connection): Error | null;
  handleRowDescription(message: { readonly fields: readonly unknown[] }): void;
  handleDataRow(message: RowMessage): void;
  handleCommandComplete(message: CommandMessage, connection: Connection): void;
  handleEmptyQuery(connection: Connection): void;
  handlePortalSuspended(connection: Connection): void;
  handleCopyInResponse(connection: Connection): void;
  handleCopyData(message: unknown, connection: Connection): void;
  handleError(error: unknown, connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
}

/** A cursor, a stream, a `pg.Query`: what node-postgres only hands its messages to. */
export function isSubmittable(query: unknown): query is Conversation {
  return typeof (query as { submit?: unknown } | null | undefined)?.submit === 'function';
}

/** Fields of a node-postgres client that its declarations do not include. */
interface Limited {
  readonly connectionParameters?: { query_timeout?: unknown };
}

/**
 * Runs `send`, which passes `conversation` to `client`. A cursor or a stream does not get the `query_timeout` of its pool. That time
 * goes on while the reader works on its rows. At its end node-postgres lets a cursor end as if there were no more rows.
 */
export function sendUntimed<T>(client: object, conversation: Conversation, send: () => T): T {
  const { connectionParameters } = client as Limited;
  const isReadInParts = typeof (conversation as { read?: unknown }).read === 'function';
  if (!isReadInParts || connectionParameters === undefined) return send();
  const { query_timeout } = connectionParameters;
  connectionParameters.query_timeout = 0;
  try {
    return send();
  } finally {
    connectionParameters.query_timeout = query_timeout;
  }
}

/** A client, or an object with the same methods. */
export type Queryable = Pick<PoolClient, 'query'>;

/** Passes a conversation to a client. */
export function converse(client: Queryable, conversation: Conversation): void {
  client.query(conversation);
}
