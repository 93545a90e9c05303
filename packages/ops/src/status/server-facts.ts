import { boolean, nullable, number, object, type Shape, text } from '../doctor/shape.ts';

/** What one short statement tells of a server. Positions are in bytes from the start of the WAL. */
export interface ServerFacts {
  readonly system: string;
  readonly inRecovery: boolean;
  readonly timeline: number;
  readonly writtenBytes: number | null;
  readonly receivedBytes: number | null;
  readonly replayedBytes: number | null;
  /** Since the commit of the last transaction that a standby has replayed, by the clocks of both servers. */
  readonly replayedAgoMs: number | null;
}

export const SERVER_SHAPE: Shape<ServerFacts> = object({
  system: text,
  inRecovery: boolean,
  timeline: number,
  writtenBytes: nullable(number),
  receivedBytes: nullable(number),
  replayedBytes: nullable(number),
  replayedAgoMs: nullable(number),
});

/** PostgreSQL 15 and later. */
export const SERVER_SQL = `SELECT json_build_object(
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'inRecovery', pg_is_in_recovery(),
  'timeline', (SELECT CASE WHEN pg_is_in_recovery()
    THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), timeline_id)
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END FROM pg_control_checkpoint()),
  'writtenBytes', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') END,
  'receivedBytes', pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0'),
  'replayedBytes', pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'),
  'replayedAgoMs', extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000) AS facts`;
