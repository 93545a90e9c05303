import type { Session } from './session.ts';

/** What a server says of itself. */
export interface ServerFacts {
  readonly version: number;
  /** The identity of the database system. Copies of one server have the same. */
  readonly system: string;
  readonly inRecovery: boolean;
  readonly timeline: number;
  /** The end of the WAL that is on its disk. */
  readonly flushed: string;
  readonly database: string;
  readonly databaseOid: string;
  readonly encoding: string;
  /** The next transaction, with 64 bits. */
  readonly nextXid: bigint;
  /**
   * Transactions that have a number and are in progress, apart from prepared ones: each locks its number. A snapshot
   * does not show those that began after the last one that ended.
   */
  readonly inProgress: number;
  /** Prepared transactions of every database. */
  readonly prepared: readonly string[];
  /** Standbys that stream from it, by their names. */
  readonly standbys: readonly string[];
}

const SQL = `SELECT current_setting('server_version_num') AS version, system_identifier::text AS system,
  CASE WHEN pg_is_in_recovery() THEN 't' ELSE 'f' END AS recovery,
  CASE WHEN NOT pg_is_in_recovery() THEN ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
    END AS timeline,
  CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() ELSE pg_last_wal_receive_lsn() END::text AS flushed,
  current_database() AS database, (SELECT oid FROM pg_database WHERE datname = current_database()) AS oid,
  current_setting('server_encoding') AS encoding,
  CASE WHEN NOT pg_is_in_recovery() THEN pg_snapshot_xmax(pg_current_snapshot())::text END AS xid,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
    AND pid IS NOT NULL) AS running,
  (SELECT coalesce(json_agg(transaction::text ORDER BY transaction::text), '[]') FROM pg_prepared_xacts) AS prepared,
  (SELECT coalesce(json_agg(application_name ORDER BY application_name), '[]') FROM pg_stat_replication r
    WHERE state IN ('streaming', 'catchup') AND NOT EXISTS
      (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')) AS standbys
  FROM pg_control_system()`;

export async function readServerFacts(session: Session): Promise<ServerFacts> {
  const [row = {}] = await session.query<Record<string, string | null>>(SQL);
  return {
    version: Number(row['version']),
    system: row['system'] ?? '',
    inRecovery: row['recovery'] === 't',
    timeline: Number(row['timeline'] ?? 0),
    flushed: row['flushed'] ?? '0/0',
    database: row['database'] ?? '',
    databaseOid: row['oid'] ?? '',
    encoding: row['encoding'] ?? '',
    nextXid: BigInt(row['xid'] ?? 0),
    inProgress: Number(row['running']),
    prepared: JSON.parse(row['prepared'] ?? '[]') as string[],
    standbys: JSON.parse(row['standbys'] ?? '[]') as string[],
  };
}

/**
 * Whether nothing can have been committed between the two. Pure. The flushed position is not compared: checkpoints,
 * and a read that sets hint bits, move it without a commit.
 */
export function isQuiet(before: ServerFacts, after: ServerFacts): boolean {
  const isPreparedKept = JSON.stringify(before.prepared) === JSON.stringify(after.prepared);
  return before.inProgress === 0 && after.inProgress === 0 && before.nextXid === after.nextXid && isPreparedKept;
}
