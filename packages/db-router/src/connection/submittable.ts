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

/** A client, or an object with the same methods. */
export type Queryable = Pick<PoolClient, 'query'>;

/** Passes a conversation to a client. */
export function converse(client: Queryable, conversation: Conversation): void {
  client.query(conversation);
}
