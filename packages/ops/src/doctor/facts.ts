/**
 * What one statement tells of a server. The role needs `pg_monitor`. Texts come from the server: a renderer makes them
 * plain before it prints them. `primary_conninfo` is not asked for: it may hold a password.
 */
export interface NodeFacts {
  /** `server_version_num`: 180004. */
  readonly version: number;
  readonly system: string;
  readonly inRecovery: boolean;
  /** The server's clock at the statement, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly startedMs: number;
  readonly timeline: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly pendingRestart: readonly string[];
  readonly role: { readonly name: string; readonly monitor: boolean };
  readonly replayPaused: boolean | null;
  /** The standbys that stream from it. */
  readonly senders: readonly {
    readonly name: string;
    readonly state: string;
    readonly sync: string;
    readonly behindBytes: number | null;
  }[];
  /** What it streams from, on a standby. */
  readonly receiver: {
    readonly status: string;
    readonly timeline: number | null;
    readonly silentMs: number | null;
  } | null;
  readonly slots: readonly {
    readonly name: string;
    readonly active: boolean;
    readonly status: string | null;
    readonly heldBytes: number | null;
  }[];
  readonly connections: { readonly used: number; readonly idleInTransaction: number; readonly oldestMs: number | null };
  readonly collation: {
    readonly recorded: string | null;
    readonly actual: string | null;
    readonly locale: string | null;
  };
  readonly extensions: Readonly<Record<string, string>>;
  /** Of roles and databases (`pg_db_role_setting`): who has `default_transaction_read_only` on. */
  readonly readOnlyFor: readonly string[];
  readonly tablesWithoutKey: readonly string[];
  readonly unloggedTables: readonly string[];
}

const SETTINGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
  'superuser_reserved_connections',
  'reserved_connections',
  'max_slot_wal_keep_size',
  'hot_standby',
  'hot_standby_feedback',
  'wal_level',
  'wal_log_hints',
  'data_checksums',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
  'recovery_min_apply_delay',
  'default_transaction_read_only',
  'idle_in_transaction_session_timeout',
] as const;

const LISTED = 20;

/** One statement, so that all facts are of one moment. PostgreSQL 14 and later. */
export const FACTS_SQL: string = `SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'inRecovery', pg_is_in_recovery(),
  'nowMs', extract(epoch FROM clock_timestamp()) * 1000,
  'startedMs', extract(epoch FROM pg_postmaster_start_time()) * 1000,
  'timeline', (SELECT CASE WHEN pg_is_in_recovery()
    THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), timeline_id)
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END FROM pg_control_checkpoint()),
  'settings', (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name IN (${SETTINGS.map((name) => `'${name}'`).join(', ')})),
  'pendingRestart', (SELECT coalesce(json_agg(name), '[]') FROM pg_settings WHERE pending_restart),
  'role', json_build_object('name', current_user, 'monitor', pg_has_role(current_user, 'pg_monitor', 'member')),
  'replayPaused', CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END,
  'senders', (SELECT coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync', sync_state,
    'behindBytes', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) END)), '[]')
    FROM pg_stat_replication),
  'receiver', (SELECT json_build_object('status', status, 'timeline', received_tli,
    'silentMs', extract(epoch FROM clock_timestamp() - last_msg_receipt_time) * 1000) FROM pg_stat_wal_receiver),
  'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'active', active, 'status', wal_status,
    'heldBytes', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END)), '[]')
    FROM pg_replication_slots),
  'connections', (SELECT json_build_object('used', count(*), 'idleInTransaction', count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
    'oldestMs', extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000)
    FROM pg_stat_activity WHERE backend_type = 'client backend'),
  'collation', (SELECT json_build_object('recorded', datcollversion, 'actual', pg_database_collation_actual_version(oid),
    'locale', datcollate) FROM pg_database WHERE datname = current_database()),
  'extensions', (SELECT coalesce(json_object_agg(extname, extversion), '{}') FROM pg_extension),
  'readOnlyFor', (SELECT coalesce(json_agg(concat_ws(' in ', nullif(setrole, 0)::regrole::text,
    (SELECT datname FROM pg_database WHERE oid = setdatabase))), '[]') FROM pg_db_role_setting
    WHERE 'default_transaction_read_only=on' = ANY(setconfig)),
  'tablesWithoutKey', (SELECT coalesce(json_agg(name), '[]') FROM (SELECT c.oid::regclass::text AS name FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind = 'r' AND relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND relreplident = 'd'
    AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) ORDER BY 1 LIMIT ${LISTED}) t),
  'unloggedTables', (SELECT coalesce(json_agg(name), '[]') FROM (SELECT oid::regclass::text AS name FROM pg_class
    WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY 1 LIMIT ${LISTED}) t)
) AS facts`;
