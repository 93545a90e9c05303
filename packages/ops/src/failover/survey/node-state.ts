import { boolean, list, nullable, number, object, type Shape, ShapeError, text } from '../../doctor/shape.ts';

/** What one statement shows of a server for a failover. The role needs `pg_monitor`. */
export interface NodeState {
  readonly system: string;
  readonly inRecovery: boolean;
  /** The server's clock, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly timeline: number;
  /** A writer: what it has flushed. A standby: what it has received or replayed, whichever is more. */
  readonly position: string;
  /** What was replayed last. A promoted server tells it until it is restarted: there it left the old timeline. */
  readonly replayed: string | null;
  readonly replayPaused: boolean;
  /** The time of the last commit that was replayed, by the clock of the server that made it. */
  readonly lastCommitMs: number | null;
  readonly receiver: {
    readonly status: string | null;
    /** `host:port` that it streams from. */
    readonly from: string | null;
    readonly silentMs: number | null;
    /** `wal_receiver_timeout`; 0 means never. */
    readonly timeoutMs: number;
  } | null;
  /** The program that manages it, such as `Patroni`, or null. */
  readonly manager: string | null;
  readonly hosted: boolean;
  /** Every transaction below it has ended. */
  readonly xmax: string;
  /** The role that asked. */
  readonly role: string;
  /** The roles of the app. */
  readonly apps: readonly { readonly name: string; readonly canLogin: boolean; readonly sessions: number }[];
  /** The slots of tail keepers. A standby tells the one that its primary may have: their functions are in this database. */
  readonly tails: readonly TailSlot[];
}

/** A logical slot that a tail keeper makes. */
export interface TailSlot {
  readonly name: string;
  readonly database: string;
  readonly plugin: string;
}

const matching =
  (pattern: RegExp): Shape<string> =>
  (given) => {
    const read = text(given);
    if (!pattern.test(read)) throw new ShapeError('not as it must be');
    return read;
  };
/** A position of the WAL. */
const lsn = matching(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);
const slotName = matching(/^[a-z0-9_]{1,63}$/);
/** A transaction id. */
const digits = matching(/^\d{1,20}$/);

/** What a server must answer: everything else is refused as a whole. `monitor`: whether the role has `pg_monitor`. */
export const ASKED_SHAPE: Shape<NodeState & { readonly monitor: boolean }> = object({
  system: text,
  inRecovery: boolean,
  nowMs: number,
  timeline: number,
  position: lsn,
  replayed: nullable(lsn),
  replayPaused: boolean,
  lastCommitMs: nullable(number),
  receiver: nullable(
    object({ status: nullable(text), from: nullable(text), silentMs: nullable(number), timeoutMs: number }),
  ),
  manager: nullable(text),
  hosted: boolean,
  xmax: digits,
  role: text,
  apps: list(object({ name: text, canLogin: boolean, sessions: number })),
  tails: list(object({ name: slotName, database: text, plugin: text })),
  monitor: boolean,
});

/** Takes the roles of the app as a list. PostgreSQL 14 and later. */
export const STATE_SQL = `SELECT json_build_object(
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'inRecovery', pg_is_in_recovery(),
  'nowMs', extract(epoch FROM clock_timestamp()) * 1000,
  'timeline', (SELECT CASE WHEN pg_is_in_recovery()
    THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), timeline_id)
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END FROM pg_control_checkpoint()),
  'position', CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_flush_lsn() END::text,
  'replayed', pg_last_wal_replay_lsn()::text,
  'replayPaused', CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END,
  'lastCommitMs', extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000,
  'receiver', (SELECT json_build_object('status', status, 'from', sender_host || ':' || sender_port,
    'silentMs', extract(epoch FROM clock_timestamp() - last_msg_receipt_time) * 1000,
    'timeoutMs', (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_receiver_timeout')) FROM pg_stat_wal_receiver),
  'manager', (SELECT min(application_name) FROM pg_stat_activity WHERE application_name ~* '^(patroni|pgautofailover|repmgr)'),
  'hosted', EXISTS (SELECT FROM pg_settings WHERE name LIKE 'rds.%'),
  'xmax', pg_snapshot_xmax(pg_current_snapshot())::text,
  'role', current_user,
  'monitor', pg_has_role(current_user, 'pg_monitor', 'usage'),
  'apps', (SELECT coalesce(json_agg(json_build_object('name', rolname, 'canLogin', rolcanlogin, 'sessions', (SELECT count(*)
    FROM pg_stat_activity a WHERE a.usesysid = r.oid AND a.backend_type = 'client backend'))), '[]')
    FROM pg_roles r WHERE rolname = ANY($1)),
  'tails', (SELECT coalesce(json_agg(t), '[]') FROM (
    SELECT slot_name::text AS name, database::text, plugin::text FROM pg_replication_slots
      WHERE NOT pg_is_in_recovery() AND slot_type = 'logical' AND slot_name ~ '^regionkit_tail_[0-9]+$'
    UNION ALL SELECT 'regionkit_tail_' || oid, datname::text, 'test_decoding' FROM pg_database
      WHERE pg_is_in_recovery() AND datname = current_database() AND EXISTS (SELECT FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'regionkit' AND p.proname = 'tail_look')) t)
) AS state`;
