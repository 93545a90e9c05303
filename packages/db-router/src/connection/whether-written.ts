import pg, { type Connection, type PoolClient, type QueryConfig, type QueryResult, type Submittable } from 'pg';
import { ask } from './ask.ts';
import { copyOf, type Query, type Values } from './query.ts';
import type { CommandMessage, RowMessage } from './submittable.ts';
import { isOneStatement, mayOnlyRead } from './transaction-control.ts';

/**
 * Null in a transaction that has changed nothing, because it has no id yet. PostgreSQL 13 and later
 * (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT).
 */
export const TRANSACTION_ID_SQL = 'SELECT pg_catalog.pg_current_xact_id_if_assigned()';

/** The result of a statement, and whether the statement may have written. */
export interface Asked {
  readonly result: QueryResult;
  readonly wrote: boolean;
}

/**
 * Runs a statement and learns in the same round trip whether it wrote.
 *
 * @param wants false if the caller does not need to know. The query is not sent then
 */
export async function askWhetherWritten(
  client: PoolClient,
  query: Query,
  values: Values,
  wants: boolean,
): Promise<Asked> {
  if (!wants) return { result: await ask(client, query, values), wrote: false };
  const followed = followedByQuestion(query, values);
  if (followed === undefined) return { result: await ask(client, query, values), wrote: true };
  const result = await ask(client, followed as never, undefined);
  return { result, wrote: followed.wrote };
}

/** A statement with the query whether it wrote appended. Pass it to `client.query()` instead of the statement. */
export interface Followed extends Submittable {
  /** Set once it is answered. True if it is not known. */
  readonly wrote: boolean;
}

/**
 * Undefined if the first word shows that the statement writes, for several statements in one text, and for a result
 * that is fetched in portions. Then the query cannot follow, or is not needed.
 */
export function followedByQuestion(query: unknown, values: Values): Followed | undefined {
  const config = typeof query === 'string' ? { text: query } : (query as QueryConfig & { readonly rows?: unknown });
  const { text } = config ?? {};
  if (typeof text !== 'string' || config.rows !== undefined || 'submit' in config) return undefined;
  if (!mayOnlyRead(text) || !isOneStatement(text)) return undefined;
  // A callback of an earlier call may still be in the object. It would receive the answer.
  return new FollowedQuery(Object.assign(copyOf(config as Query), { callback: undefined }), values);
}

/** Internal methods of a node-postgres query that its declarations do not include. */
interface QueryInProgress extends Submittable {
  _getRows(connection: Connection, rows: unknown): void;
  requiresPreparation(): boolean;
  handleDataRow(message: RowMessage): void;
  handleCommandComplete(message: CommandMessage, connection: Connection): void;
}
const BaseQuery = pg.Query as unknown as new (config: object, values: Values) => QueryInProgress;

type Wire = Connection & {
  parse(message: { text: string }): void;
  bind(message: { values: readonly unknown[] }): void;
  execute(message: object): void;
};

/**
 * The query must run in the transaction of the statement. It does, because it is before the same Sync, and the server
 * commits at the Sync (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING). A
 * statement that commits by itself, such as VACUUM, has done so before.
 */
class FollowedQuery extends BaseQuery implements Followed {
  wrote = true;
  private isFollowed = false;
  private isDone = false;
  /** node-postgres reads this from the object that it is given. */
  readonly query_timeout: unknown;

  constructor(config: object, values: Values) {
    super(config, values);
    this.query_timeout = (config as { readonly query_timeout?: unknown }).query_timeout;
  }

  override requiresPreparation(): boolean {
    return true;
  }

  override _getRows(connection: Connection): void {
    const wire = connection as Wire;
    wire.execute({});
    wire.parse({ text: TRANSACTION_ID_SQL });
    wire.bind({ values: [] });
    wire.execute({});
    wire.sync();
    this.isFollowed = true;
  }

  override handleDataRow(message: RowMessage): void {
    if (this.isDone) this.wrote = message.fields[0] !== null;
    else super.handleDataRow(message);
  }

  override handleCommandComplete(message: CommandMessage, connection: Connection): void {
    if (this.isDone) return;
    super.handleCommandComplete(message, connection);
    this.isDone = this.isFollowed;
  }

  handleEmptyQuery(): void {
    this.isDone = true;
  }
}
