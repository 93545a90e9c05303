import pg, { type Connection, type Submittable } from 'pg';
import type { Position, PositionAfter } from './position-after.ts';
import type { Values } from './query.ts';
import type { CommandMessage, RowMessage } from './submittable.ts';

/**
 * Null in a transaction that has changed nothing, because it has no id yet. PostgreSQL 13 and later
 * (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT).
 */
export const TRANSACTION_ID_SQL = 'SELECT pg_catalog.pg_current_xact_id_if_assigned()';

/** Internal methods of a node-postgres query that its declarations do not include. */
interface QueryInProgress extends Submittable {
  _getRows(connection: Connection, rows: unknown): void;
  requiresPreparation(): boolean;
  submit(connection: Connection): Error | null;
  handleDataRow(message: RowMessage): void;
  handleCommandComplete(message: CommandMessage, connection: Connection): void;
  handleError(error: unknown, connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
}
const BaseQuery = pg.Query as unknown as new (config: object | string, values: Values) => QueryInProgress;

type Wire = Connection & {
  parse(message: { text: string }): void;
  bind(message: { values: readonly unknown[] }): void;
  execute(message: object): void;
};

/** What is sent after a statement, in the same write to the socket. */
export interface Followers {
  /** The query whether the statement wrote. */
  readonly asksWhetherWritten: boolean;
  /** The query for the position. */
  readonly position: PositionAfter | undefined;
}

/**
 * A statement with queries after it. Pass it to `client.query()` instead of the statement.
 *
 * The query whether it wrote must run in the transaction of the statement. It does, because it is before the same Sync,
 * and the server commits at the Sync (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING).
 * A statement that commits by itself, such as VACUUM, has done so before.
 */
export class FollowedQuery extends BaseQuery {
  /** Set once the statement is answered. True if it is not known. */
  wrote = true;
  private isFollowed = false;
  private isDone = false;
  private hasFailed = false;
  private readonly followers: Followers;
  /** node-postgres reads this from the object that it is given. */
  readonly query_timeout: unknown;

  /** @param config a statement that is only a text is best given as a text: node-postgres copies an object slowly */
  constructor(config: object | string, values: Values, followers: Followers) {
    super(config, values);
    this.query_timeout = (config as { readonly query_timeout?: unknown }).query_timeout;
    this.followers = followers;
  }

  /** The position after the statement. Call it after the answer. Undefined if it was not asked for in the same write. */
  position(): Promise<Position> | undefined {
    const { position } = this.followers;
    return position?.isSent === true ? new Promise((resolve) => position.onKnown(resolve)) : undefined;
  }

  override requiresPreparation(): boolean {
    return this.followers.asksWhetherWritten || super.requiresPreparation();
  }

  override submit(connection: Connection): Error | null {
    const { stream } = connection;
    stream.cork?.();
    try {
      const refusal = super.submit(connection);
      // For a value that cannot be serialised, node-postgres returns no refusal. It calls `handleError` meanwhile.
      if (refusal === null && !this.hasFailed) this.followers.position?.sendAfter(this, connection);
      return refusal;
    } finally {
      stream.uncork?.();
    }
  }

  override _getRows(connection: Connection, rows: unknown): void {
    if (!this.followers.asksWhetherWritten) {
      super._getRows(connection, rows);
      return;
    }
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
    this.isDone = this.isFollowed;
  }

  override handleReadyForQuery(connection: Connection): void {
    this.followers.position?.takeTurn();
    super.handleReadyForQuery(connection);
  }

  override handleError(error: unknown, connection: Connection): void {
    this.hasFailed = true;
    this.followers.position?.takeTurnAfter(error);
    super.handleError(error, connection);
  }
}
