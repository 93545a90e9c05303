import type { Connection, PoolClient, Submittable } from 'pg';

/** One message of the server's, as node-postgres hands it to the query that is under way. */
export interface CommandMessage {
  readonly text: string;
}
export interface RowMessage {
  readonly fields: readonly (string | null)[];
}

/**
 * The contract of node-postgres for whoever speaks the protocol on a client by himself: what pg-cursor and
 * pg-query-stream implement too. Every handler there is must be, or node-postgres throws in the middle of a message.
 */
export interface Conversation extends Submittable {
  /** The node-postgres client sets it when it keeps prepared statements; ours have none. */
  readonly name?: undefined;
  /** To be called at the end: node-postgres hangs the timer of `query_timeout` on it. */
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

/** A client, or what stands for one. */
export type Queryable = Pick<PoolClient, 'query'>;

/** Hands a conversation to a client. */
export function converse(client: Queryable, conversation: Conversation): void {
  client.query(conversation);
}
