import pg, { type Connection, type PoolClient, type QueryConfig, type QueryResult, type Submittable } from 'pg';
import { ask } from './ask.ts';
import { copyOf, type Query, type Values } from './query.ts';
import type { CommandMessage, RowMessage } from './submittable.ts';
import { isOneStatement, mayOnlyRead } from './transaction-control.ts';

/** Null in a transaction that has changed nothing: it was given no number. PostgreSQL 13 and later. */
export const TRANSACTION_ID_SQL = 'SELECT pg_catalog.pg_current_xact_id_if_assigned()';

/** A statement's result, and whether the statement may have written. */
export interface Asked {
  readonly result: QueryResult;
  readonly wrote: boolean;
}

/**
 * Runs a statement and learns, in the same round trip, whether it wrote.
 *
 * @param wants false where nobody wants to know: it is then not asked
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

/** A statement that is followed by the question whether it wrote; to be given to `client.query()` in its place. */
export interface Followed extends Submittable {
  /** Once it is answered. True where nobody can tell. */
  readonly wrote: boolean;
}

/**
 * Undefined for what is known to write by its first word, for several statements in one text, and for what is fetched in
 * portions: behind those nothing can be asked, or need be.
 */
export function followedByQuestion(query: unknown, values: Values): Followed | undefined {
  const config = typeof query === 'string' ? { text: query } : (query as QueryConfig & { readonly rows?: unknown });
  const { text } = config ?? {};
  if (typeof text !== 'string' || config.rows !== undefined || 'submit' in config) return undefined;
  if (!mayOnlyRead(text) || !isOneStatement(text)) return undefined;
  // A callback that an earlier call left in it would take the answer.
  return new FollowedQuery(Object.assign(copyOf(config as Query), { callback: undefined }), values);
}

/** What node-postgres does for a statement of its own: the parts of it that are not in its declarations. */
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
 * The question must be asked in the transaction of the statement, and under its Sync it is: the server commits there
 * (PostgreSQL, 55.2.3). A statement that commits by itself, as VACUUM does, has done so before the question begins.
 */
class FollowedQuery extends BaseQuery implements Followed {
  wrote = true;
  private isFollowed = false;
  private isDone = false;
  /** node-postgres looks for it on what it is given. */
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
