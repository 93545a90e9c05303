import type { Fork } from '@regionkit/core';
import { parseLsn } from '../history/lsn.ts';

/** What one node reported in one answer. */
export interface Reading {
  /** The system identifier of the cluster in decimal, from `pg_control_system()`. */
  readonly system: string;
  /** Identifies the running server. It differs after a restart, and after a name has moved to another server. */
  readonly server: string;
  readonly inRecovery: boolean;
  /** `default_transaction_read_only` for a session without its own settings: the node refuses writes. */
  readonly readOnly: boolean;
  /** The timeline that it writes or receives. Undefined if it does not know. */
  readonly timeline: number | undefined;
  /**
   * A lower bound of the timeline of a standby that does not know it, or of the timeline that a primary was promoted
   * from. Undefined if there is none.
   */
  readonly timelineAtLeast: number | undefined;
  /**
   * How far a primary has flushed, or a standby has replayed. Not the insert position: on an idle primary that may lie
   * beyond what a standby ever receives, after a page header or in a record that is not flushed yet.
   */
  readonly position: bigint;
  /** On a promoted primary: where its timeline left the parent. */
  readonly fork: bigint | undefined;
  /** Where each timeline of its history left its parent, if the role may read that. */
  readonly forks?: readonly Fork[] | undefined;
  /** True for a standby with a WAL receiver. */
  readonly streaming: boolean;
  /** The setting `wal_segment_size`, in bytes. */
  readonly segmentBytes: number;
  /** Whether the role may read the history of a primary with {@link Readings.historySql}. */
  readonly mayReadHistory?: boolean;
  /** How many standbys are connected to a primary. Undefined if it does not report that. */
  readonly senders?: number | undefined;
}

/** Instead of a query for a position: the engine reports none. */
export const NO_POSITION = 'none';

/**
 * The queries of a probe, and how to parse their answers. Plain PostgreSQL 14 and later is built in. A managed fork
 * with other function names can provide its own.
 */
export interface Readings {
  /** One statement that returns one row, in recovery and outside, for any role. */
  readonly sql: string;
  /** Parses the row of `sql`. @throws if the row is not valid; the node then counts as unreachable */
  parse(row: Readonly<Record<string, unknown>>): Reading;
  /**
   * A query that returns one row with a column `position`: the insert position of a primary. It runs after a write. An
   * optional column `senders` contains the number of connected standbys. If one is missing, it may have been promoted,
   * so every node is probed. `'none'` for an engine without positions.
   */
  readonly insertPositionSql: string;
  /**
   * A query that returns one row with one column `history`: the history file of the timeline in force, in hex. It runs
   * once for each timeline, on a promoted primary whose `mayReadHistory` is true. The fork is then known after a
   * restart too.
   */
  readonly historySql?: string;
  /**
   * A query that returns one row with one column `position`: the replay position, or on a primary the insert position.
   * `'none'` for an engine without positions.
   */
  readonly seenPositionSql: string;
}

/**
 * The timeline of a primary comes from the name of its current WAL file: `pg_control_checkpoint()` returns the old one
 * until the checkpoint after a promotion has ended. The fork is read only if `pg_last_wal_receive_lsn()` is not NULL.
 * It is NULL on a server that was restarted or has recovered from a crash since, and its replay position would be
 * another one. See https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL.
 */
export const postgresReadings: Readings = {
  sql: `SELECT s.system_identifier::text AS system,
  extract(epoch FROM pg_postmaster_start_time())::text || ':' || current_setting('port') AS server,
  r.in_recovery::text AS in_recovery,
  current_setting('default_transaction_read_only') AS read_only,
  CASE WHEN NOT r.in_recovery THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END AS written_timeline,
  w.received_tli::text AS received_timeline,
  CASE WHEN r.in_recovery THEN greatest(c.timeline_id, m.min_recovery_end_timeline) ELSE c.timeline_id END::text AS timeline_at_least,
  CASE WHEN NOT r.in_recovery AND has_function_privilege(
    to_regprocedure('pg_catalog.pg_read_binary_file(text,bigint,bigint,boolean)'), 'execute') THEN 'yes' END AS may_read_history,
  CASE WHEN r.in_recovery THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END::text AS position,
  CASE WHEN NOT r.in_recovery AND pg_last_wal_receive_lsn() IS NOT NULL THEN pg_last_wal_replay_lsn()::text END AS fork,
  CASE WHEN NOT r.in_recovery THEN (SELECT count(*) FROM pg_stat_get_wal_senders())::text END AS senders,
  coalesce(w.status, CASE WHEN w.pid IS NOT NULL THEN 'streaming' END) AS receiver,
  pg_size_bytes(current_setting('wal_segment_size'))::text AS segment_bytes
FROM (SELECT pg_is_in_recovery() AS in_recovery) r
CROSS JOIN pg_control_system() s CROSS JOIN pg_control_checkpoint() c CROSS JOIN pg_control_recovery() m
LEFT JOIN pg_stat_wal_receiver w ON true`,
  insertPositionSql:
    'SELECT pg_current_wal_insert_lsn()::text AS position, count(*)::text AS senders FROM pg_stat_get_wal_senders()',
  historySql: `SELECT encode(pg_read_binary_file('pg_wal/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '.history',
  0, 65536, true), 'hex') AS history`,
  seenPositionSql:
    'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text AS position',
  parse: (row) => {
    const inRecovery = text(row, 'in_recovery') === 'true';
    const written = optional(row, 'written_timeline');
    const received = optional(row, 'received_timeline');
    const atLeast = optional(row, 'timeline_at_least');
    const fork = optional(row, 'fork');
    return {
      system: text(row, 'system'),
      server: text(row, 'server'),
      inRecovery,
      readOnly: text(row, 'read_only') === 'on',
      timeline: written !== undefined ? Number.parseInt(written, 16) : positive(received),
      timelineAtLeast: positive(atLeast),
      position: lsn(text(row, 'position')),
      fork: fork === undefined ? undefined : lsn(fork),
      streaming: optional(row, 'receiver') === 'streaming',
      mayReadHistory: optional(row, 'may_read_history') === 'yes',
      segmentBytes: Number(text(row, 'segment_bytes')),
      senders: readSenders(optional(row, 'senders')),
    };
  },
};

function text(row: Readonly<Record<string, unknown>>, column: string): string {
  const value = row[column];
  if (typeof value !== 'string' || value === '') throw new TypeError(`the reading has no ${column}`);
  return value;
}

function optional(row: Readonly<Record<string, unknown>>, column: string): string | undefined {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function positive(value: string | undefined): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

function lsn(value: string): bigint {
  const parsed = parseLsn(value);
  if (parsed === undefined) throw new TypeError('the reading has a position that is no LSN');
  return parsed;
}

/** The number of connected standbys in the answer after a write. Undefined if the answer does not contain it. */
export function readSenders(value: unknown): number | undefined {
  const senders = typeof value === 'string' ? Number(value) : value;
  return Number.isSafeInteger(senders) ? (senders as number) : undefined;
}
