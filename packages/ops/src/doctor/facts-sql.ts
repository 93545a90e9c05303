const SETTINGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
  'superuser_reserved_connections',
  'reserved_connections',
  'max_slot_wal_keep_size',
  'wal_keep_size',
  'wal_receiver_timeout',
  'hot_standby',
  'wal_log_hints',
  'data_checksums',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
  'recovery_min_apply_delay',
  'wal_level',
  'idle_replication_slot_timeout',
] as const;

/** So many names are enough for a person; the statement stays small on a database with many tables. */
const LISTED = 20;

const bytes = (lsn: string): string => `pg_wal_lsn_diff(${lsn}, '0/0')`;
const ageMs = (since: string): string => `extract(epoch FROM clock_timestamp() - ${since}) * 1000`;

/** The names of the schema are looked up in the catalog: a role without USAGE of it may ask, too. */
const SCHEMA = "(SELECT oid FROM pg_namespace WHERE nspname = 'regionkit')";
const READABLE = `coalesce((SELECT NOT pg_is_in_recovery() AND has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT') FROM pg_class
      WHERE relname = 'tail' AND relkind = 'r' AND relnamespace = ${SCHEMA}), false)`;

/** One statement, so that all facts are of one moment. PostgreSQL 15 and later. */
export const FACTS_SQL: string = `SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'inRecovery', pg_is_in_recovery(),
  'nowMs', extract(epoch FROM clock_timestamp()) * 1000,
  'startedMs', extract(epoch FROM pg_postmaster_start_time()) * 1000,
  'timeline', (SELECT CASE WHEN pg_is_in_recovery()
    THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), timeline_id)
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END FROM pg_control_checkpoint()),
  'settings', (SELECT json_object_agg(name, setting) FROM pg_settings
    WHERE name IN (${SETTINGS.map((name) => `'${name}'`).join(', ')})),
  'pendingRestart', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings WHERE pending_restart),
  'role', json_build_object('name', current_user, 'monitor', pg_has_role(current_user, 'pg_monitor', 'usage')),
  'position', json_build_object(
    'writtenBytes', CASE WHEN NOT pg_is_in_recovery() THEN ${bytes('pg_current_wal_lsn()')} END,
    'receivedBytes', ${bytes('pg_last_wal_receive_lsn()')}, 'replayedBytes', ${bytes('pg_last_wal_replay_lsn()')}),
  'replayPaused', CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END,
  'restores', coalesce(current_setting('restore_command', true), '') <> '',
  'archiveFails', (SELECT current_setting('archive_mode') <> 'off'
    AND coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver),
  'senders', (SELECT coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync', sync_state,
    'behindBytes', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) END)), '[]')
    FROM pg_stat_replication),
  'receiver', (SELECT json_build_object('status', status, 'timeline', received_tli,
    'silentMs', ${ageMs('last_msg_receipt_time')}) FROM pg_stat_wal_receiver),
  'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'physical', slot_type = 'physical',
    'active', active, 'status', wal_status, 'reason', to_jsonb(s)->>'invalidation_reason',
    'heldBytes', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END)), '[]')
    FROM pg_replication_slots s),
  'connections', (SELECT json_build_object('used', count(*),
    'oldestIdleMs', max(${ageMs('xact_start')}) FILTER (WHERE state LIKE 'idle in transaction%'),
    'oldestPreparedMs', (SELECT ${ageMs('min(prepared)')} FROM pg_prepared_xacts))
    FROM pg_stat_activity WHERE backend_type = 'client backend'),
  'collations', (SELECT json_agg(c) FROM (
    SELECT 'of the database' AS name, datcollversion AS recorded, pg_database_collation_actual_version(oid) AS actual
      FROM pg_database WHERE datname = current_database()
    UNION ALL (SELECT DISTINCT collname::text, collversion, pg_collation_actual_version(l.oid)
      FROM pg_collation l JOIN (SELECT DISTINCT unnest(indcollation) AS oid FROM pg_index) i ON i.oid = l.oid
      WHERE collversion IS NOT NULL ORDER BY 1 LIMIT ${LISTED})) c),
  'extensions', (SELECT coalesce(json_agg(json_build_object('name', e.extname, 'version', e.extversion,
    'available', a.name IS NOT NULL AND EXISTS (SELECT FROM pg_available_extension_versions() v
      WHERE v.name = e.extname AND v.version = e.extversion),
    'newest', a.default_version) ORDER BY e.extname), '[]')
    FROM pg_extension e LEFT JOIN pg_available_extensions() a ON a.name = e.extname),
  'readOnlyByServer', (SELECT setting = 'on' AND source NOT LIKE '%user%' AND source NOT LIKE '%database%'
    AND source NOT IN ('client', 'session') FROM pg_settings WHERE name = 'default_transaction_read_only'),
  'readOnlyFor', (SELECT coalesce(json_agg(json_build_object(
    'role', (SELECT rolname FROM pg_roles r WHERE r.oid = setrole),
    'database', (SELECT datname FROM pg_database d WHERE d.oid = setdatabase))), '[]') FROM pg_db_role_setting
    WHERE EXISTS (SELECT FROM unnest(setconfig) s WHERE s ~* '^default_transaction_read_only=(on|1|t|tr|tru|true|y|ye|yes)$')),
  'tablesWithoutKey', (SELECT coalesce(json_agg(name), '[]') FROM (SELECT c.oid::regclass::text AS name FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind = 'r' AND relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND CASE relreplident WHEN 'i' THEN i.indisreplident
      WHEN 'n' THEN false ELSE i.indisprimary AND (i.indimmediate OR relreplident = 'f') END) ORDER BY 1 LIMIT ${LISTED}) t),
  'unloggedTables', (SELECT coalesce(json_agg(name), '[]') FROM (SELECT oid::regclass::text AS name FROM pg_class
    WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY 1 LIMIT ${LISTED}) t),
  'tail', (SELECT json_build_object('slot', t.slot, 'database', current_database(), 'exists', s.slot_name IS NOT NULL,
    'usable', coalesce(s.plugin = 'test_decoding' AND s.database = current_database() AND NOT s.two_phase, false),
    'lost', coalesce(s.wal_status = 'lost' OR to_jsonb(s)->>'invalidation_reason' IS NOT NULL, false),
    'heldBytes', pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
      s.restart_lsn),
    'tickedMs', (SELECT extract(epoch FROM stats_reset) * 1000 FROM pg_stat_replication_slots r WHERE r.slot_name = t.slot),
    'showsTicks', has_function_privilege(t.owner, 'pg_stat_reset_replication_slot(text)', 'EXECUTE'), 'readable', ${READABLE})
    FROM (SELECT 'regionkit_tail_' || d.oid AS slot, p.proowner AS owner FROM pg_database d, pg_proc p
      WHERE d.datname = current_database() AND p.proname = 'tail_look' AND p.pronamespace = ${SCHEMA} LIMIT 1) t
    LEFT JOIN pg_replication_slots s ON s.slot_name = t.slot),
  'promotions', NULL
) AS facts`;

/** What keepers have recorded. Only where {@link FACTS_SQL} has found that the table is there and may be read. */
export const PROMOTIONS_SQL: string = `SELECT json_build_object('recorded', coalesce(json_agg(json_build_object(
  'timeline', timeline, 'isFull', recorded_at IS NOT NULL, 'hasFork', fork IS NOT NULL, 'wasDropped', dropped_at IS NOT NULL,
  'maxHeldBytes', max_held_bytes, 'dueMs', due_ms)), '[]'),
  'checkpointed', (SELECT timeline_id FROM pg_control_checkpoint())) AS facts
  FROM regionkit.tail WHERE system = (SELECT system_identifier FROM pg_control_system())`;
