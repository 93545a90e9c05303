import { check } from '@regionkit/core/kit';
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  type PostgresCursorConstructor,
  PostgresDriver,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { RegionRouter } from '../region-router.ts';
import { type DriverOfPool, RegionConnection, type RegionConnectionOptions } from './region-connection.ts';

export interface RegionDialectOptions {
  readonly router: Pick<RegionRouter, 'primary' | 'replica'>;
  /** The class of `pg-cursor`, for `stream()`. @default none */
  readonly cursor?: PostgresCursorConstructor;
}

/**
 * A dialect of Kysely that reads the tree of a query to choose where it runs. A select that certainly only reads runs
 * on the nearest fresh standby, and so does a transaction with the access mode `read only`. Everything else runs on the
 * primary, each transaction on one connection: writes, locks, raw SQL, and selects that call a function which may write.
 * `asReads(db)` marks these as reads.
 *
 * A client sees its own writes if they are in one scope, or if it returns its token: see `router.run()` and the gate.
 * `db.destroy()` ends nothing of the router.
 *
 * @example
 * ```ts
 * const db = new Kysely<Database>({ dialect: regionDialect({ router }) });
 * await db.insertInto('orders').values({ name: 'tea' }).execute(); // the primary
 * await db.selectFrom('orders').selectAll().execute(); // the nearest fresh standby
 * ```
 */
export function regionDialect(options: RegionDialectOptions): Dialect {
  check.object('regionDialect: options', options, ['router', 'cursor']);
  const { router } = options;
  if (typeof router?.primary?.connect !== 'function' || typeof router.replica?.query !== 'function')
    throw new TypeError('regionDialect: router must be a router from createRegionRouter()');
  return {
    createDriver: () => createRegionDriver(options),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  };
}

function createRegionDriver({ router, cursor }: RegionDialectOptions): Driver {
  const driverOf = (pool: RegionRouter['primary']): DriverOfPool =>
    new PostgresDriver({ pool, ...(cursor !== undefined && { cursor }) }) as DriverOfPool;
  const parts: RegionConnectionOptions = {
    primary: driverOf(router.primary),
    replica: driverOf(router.replica),
    replicaPool: router.replica,
  };
  const step =
    (run: (driver: DriverOfPool, connection: DatabaseConnection) => Promise<void>) =>
    (connection: DatabaseConnection): Promise<void> =>
      (connection as RegionConnection).inTransaction(run);
  return {
    init: async () => {
      await Promise.all([parts.primary.init(), parts.replica.init()]);
    },
    acquireConnection: async () => new RegionConnection(parts),
    releaseConnection: (connection) => (connection as RegionConnection).release(),
    beginTransaction: (connection, settings) => (connection as RegionConnection).begin(settings),
    commitTransaction: step((driver, connection) => driver.commitTransaction(connection)),
    rollbackTransaction: step((driver, connection) => driver.rollbackTransaction(connection)),
    savepoint: (connection, name, compile) =>
      (connection as RegionConnection).inTransaction((driver, held) => driver.savepoint(held, name, compile)),
    rollbackToSavepoint: (connection, name, compile) =>
      (connection as RegionConnection).inTransaction((driver, held) => driver.rollbackToSavepoint(held, name, compile)),
    releaseSavepoint: (connection, name, compile) =>
      (connection as RegionConnection).inTransaction((driver, held) => driver.releaseSavepoint(held, name, compile)),
    destroy: async () => {},
  };
}
