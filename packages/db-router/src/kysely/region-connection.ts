import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely';
import type { Pool } from 'pg';
import { isRead } from './is-read.ts';
import { isMarked } from './reads.ts';

/** Kysely's driver for PostgreSQL, on one of the pools. */
export type DriverOfPool = Required<Driver>;

/** What a connection of the dialect needs. */
export interface RegionConnectionOptions {
  readonly primary: DriverOfPool;
  readonly replica: DriverOfPool;
  readonly replicaPool: Pick<Pool, 'query'>;
}

/**
 * A connection that is chosen by what is asked of it. A read runs on its own, on a standby. The first other statement,
 * or a transaction, takes a connection, and everything after it runs there.
 */
export class RegionConnection implements DatabaseConnection {
  readonly #options: RegionConnectionOptions;
  #held: { readonly driver: DriverOfPool; readonly connection: DatabaseConnection } | undefined;

  constructor(options: RegionConnectionOptions) {
    this.#options = options;
  }

  async begin(settings: TransactionSettings): Promise<void> {
    const { primary, replica } = this.#options;
    // A standby has no serializable transactions (https://www.postgresql.org/docs/current/hot-standby.html).
    const mayBeStandby = settings.accessMode === 'read only' && settings.isolationLevel !== 'serializable';
    const { driver } = await this.#hold(mayBeStandby ? replica : primary);
    // Not the connection below: Kysely logs what runs on this one.
    await driver.beginTransaction(this, settings);
  }

  /** Passes a step of the transaction to the driver of its connection. */
  async inTransaction(step: (driver: DriverOfPool, connection: DatabaseConnection) => Promise<void>): Promise<void> {
    const { driver } = await this.#hold(this.#options.primary);
    await step(driver, this);
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#isFreeRead(query)) {
      const { rows } = await this.#options.replicaPool.query(query.sql, [...query.parameters]);
      return { rows: (rows ?? []) as Row[] };
    }
    const { connection } = await this.#hold(this.#options.primary);
    return connection.executeQuery<Row>(query);
  }

  async *streamQuery<Row>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<Row>> {
    const { primary, replica } = this.#options;
    if (!this.#isFreeRead(query)) {
      const { connection } = await this.#hold(primary);
      yield* connection.streamQuery<Row>(query, chunkSize);
      return;
    }
    const connection = await replica.acquireConnection();
    try {
      yield* connection.streamQuery<Row>(query, chunkSize);
    } finally {
      await replica.releaseConnection(connection);
    }
  }

  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await held.driver.releaseConnection(held.connection);
  }

  /** A read that no transaction and no earlier write binds to a connection. */
  #isFreeRead({ query }: CompiledQuery): boolean {
    return this.#held === undefined && (isMarked(query) || isRead(query));
  }

  async #hold(driver: DriverOfPool) {
    this.#held ??= { driver, connection: await driver.acquireConnection() };
    return this.#held;
  }
}
