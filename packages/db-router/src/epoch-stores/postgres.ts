import { check } from '@regionkit/core/kit';
import type { EpochStore, EpochStoreFailure } from '../history/epoch-store.ts';
import { readStored } from '../monitor/stored.ts';
import { EpochStoreError } from './epoch-store-error.ts';
import { readTimeout } from './timeout.ts';
import { type Versioned, versionedStore } from './versioned-store.ts';

/** What is used of a `pg` Pool. */
export interface PostgresApi {
  query(query: {
    text: string;
    values: unknown[];
    query_timeout: number;
  }): Promise<{ readonly rows: readonly unknown[] }>;
  on(event: 'error', listener: () => void): unknown;
  readonly options?: { readonly connectionTimeoutMillis?: number | undefined };
}

export interface PostgresEpochStoreOptions {
  /**
   * A `pg` Pool of a database elsewhere: not of the one that the router serves, nor of a copy of it. With `connectionTimeoutMillis`, or a
   * server that falls silent would fill the pool for good. The app keeps it, and ends it.
   */
  readonly pool: PostgresApi;
  /** The table, with its schema or without. Letters, digits and `_`. @default 'regionkit_epoch' */
  readonly table?: string;
  /** Which row. @default 'default' */
  readonly key?: string;
  /** A query that takes longer has failed. In milliseconds. @default 1_500 */
  readonly timeoutMs?: number;
}

interface Row {
  readonly standby: boolean;
  readonly system: string;
  readonly value: string | null;
  readonly version: string | null;
}

const TABLE = /^[A-Za-z_]\w{0,62}(?:\.[A-Za-z_]\w{0,62})?$/;
const MAX_LENGTH = 65_537;

/**
 * A row in a PostgreSQL database elsewhere that all regions share, replaced by a conditional update. The database that the router
 * serves cannot keep its own epochs: an old primary that comes back would have its old row. The store refuses that database,
 * and a standby.
 *
 * The table: `CREATE TABLE regionkit_epoch (name text PRIMARY KEY, value text NOT NULL)`. Needs SELECT, INSERT and UPDATE on it.
 *
 * @example
 * ```ts
 * const epoch = postgresEpochStore({ pool: new Pool({ host: 'pg-elsewhere', max: 1, connectionTimeoutMillis: 1_000 }) });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function postgresEpochStore(options: PostgresEpochStoreOptions): EpochStore {
  check.object('postgresEpochStore: options', options, ['pool', 'table', 'key', 'timeoutMs']);
  const pool = check.methods('postgresEpochStore: pool', options.pool, ['query', 'on']);
  check.integer('postgresEpochStore: pool.options.connectionTimeoutMillis', pool.options?.connectionTimeoutMillis, {
    min: 1,
  });
  const name = check.string('postgresEpochStore: table', options.table ?? 'regionkit_epoch');
  if (!TABLE.test(name)) throw new RangeError('postgresEpochStore: table must be a name of letters, digits and _');
  const table = name.replace(/\w+/g, '"$&"');
  const key = check.string('postgresEpochStore: key', options.key ?? 'default');
  const timeoutMs = readTimeout('postgresEpochStore', options);
  // An idle connection that is lost must not end the process.
  pool.on('error', () => {});

  const ask = async (text: string, values: unknown[]): Promise<readonly unknown[]> =>
    (await pool.query({ text, values, query_timeout: timeoutMs })).rows;
  const LOAD = `SELECT pg_is_in_recovery() AS standby, system_identifier::text AS system, value, version
FROM pg_control_system() LEFT JOIN (SELECT left(value, ${MAX_LENGTH}) AS value, md5(value) AS version FROM ${table} WHERE name = $1) kept ON true`;
  const INSERT = `INSERT INTO ${table} (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING md5(value) AS version`;
  const UPDATE = `UPDATE ${table} SET value = $2 WHERE name = $1 AND md5(value) = $3 RETURNING md5(value) AS version`;

  let system: string | undefined;
  const read = async (): Promise<Row> => {
    const [row] = (await ask(LOAD, [key])) as Row[];
    if (row === undefined || row.standby) throw new EpochStoreError('postgresEpochStore', 'refused');
    system = row.system;
    refuseItself(row.value ?? '', system);
    return row;
  };

  return versionedStore('postgresEpochStore', timeoutMs, {
    read: async (): Promise<Versioned | undefined> => {
      const { value, version } = await read();
      return value === null || version === null ? undefined : { value, version };
    },
    write: async (value, version) => {
      refuseItself(value, system ?? (await read()).system);
      const values = version === undefined ? [key, value] : [key, value, version];
      const [row] = (await ask(version === undefined ? INSERT : UPDATE, values)) as { readonly version: string }[];
      return row?.version;
    },
    failureOf: postgresFailureOf,
  });
}

/** The epochs of a database are not kept in it. */
function refuseItself(value: string, system: string): void {
  if (readStored(value)?.epoch.system === system) throw new EpochStoreError('postgresEpochStore', 'refused');
}

/** What node-postgres says, without a code. */
const TIMED_OUT: ReadonlySet<unknown> = new Set([
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
]);

function postgresFailureOf(error: unknown): EpochStoreFailure | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code === '42P01' || code === '3F000' || code === '3D000') return 'missing';
  if (code === '42501' || String(code).startsWith('28')) return 'denied';
  if (code === '25006') return 'refused';
  return code === '57014' || TIMED_OUT.has(message) ? 'timeout' : undefined;
}
