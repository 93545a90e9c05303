import type { Fork } from '@regionkit/core';
import { parseLsn } from '../history/lsn.ts';

/** What one node said of itself, in one answer. */
export interface Reading {
  /** `pg_control_system().system_identifier`, in decimal. */
  readonly system: string;
  /** Which running server answered: it differs after a restart and behind a name that moved. */
  readonly server: string;
  readonly inRecovery: boolean;
  /** `default_transaction_read_only`, as a session without settings of its own sees it: the node takes no writes. */
  readonly readOnly: boolean;
  /** The timeline it writes or receives; undefined when it cannot tell. */
  readonly timeline: number | undefined;
  /**
   * A lower bound of the timeline of a standby that cannot tell, and of the timeline that a primary was promoted from;
   * undefined when there is none.
   */
  readonly timelineAtLeast: number | undefined;
  /**
   * How far a primary has flushed, how far a standby has replayed. Not the insert position: on an idle primary that may
   * stand beyond what any standby ever receives, behind a page header or a record nobody has flushed yet.
   */
  readonly position: bigint;
  /** On a promoted primary: where its timeline left the parent. */
  readonly fork: bigint | undefined;
  /** Where each timeline of its history left its parent, where the role may read that. */
  readonly forks?: readonly Fork[] | undefined;
  /** A standby that has a WAL receiver. */
  readonly streaming: boolean;
  /** `wal_segment_size`. */
  readonly segmentBytes: number;
  /** Whether the role may read the history of a primary, by {@link Readings.historySql}. */
  readonly mayReadHistory?: boolean;
  /** How many standbys are attached to a primary; undefined where that is not told. */
  readonly senders?: number | undefined;
}

/** In place of a question for a position: the engine tells none. */
export const NO_POSITION = 'none';

/**
 * What a node is asked and how its answer is read. Plain PostgreSQL 14 and later is built in; a managed fork with
 * functions of other names can bring its own.
 */
export interface Readings {
  /** One statement that returns one row, in recovery and out of it, for any role. */
  readonly sql: string;
  /** @throws when the row is not what `sql` returns: the node is then as good as silent. */
  parse(row: Readonly<Record<string, unknown>>): Reading;
  /**
   * One row with a column `position`: the insert position of a primary. Asked behind a write. A column `senders`, if there
   * is one, says how many standbys are attached: one less is a sign that one was promoted, and every node is probed.
   * `'none'` for an engine that tells no position: nothing is asked then.
   */
  readonly insertPositionSql: string;
  /**
   * One row with one column `history`: the history file of the timeline in force, in hex. Asked of a promoted primary that
   * says by `mayReadHistory` that the role may, once a timeline. Its fork is then known after a restart too.
   */
  readonly historySql?: string;
  /** One row with one column `position`: the replay position, or on a primary the insert position; or `'none'`. */
  readonly seenPositionSql: string;
}

/**
 * The timeline of a primary comes from the name of the WAL file it writes: `pg_control_checkpoint()` says the old one
 * until the checkpoint after a promotion has ended. The fork is guarded by `pg_last_wal_receive_lsn()`, which is NULL on
 * a server that has been restarted or has recovered from a crash since: its replay position would be another one.
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

/** How many standbys are attached, as a question behind a write says it; undefined where it does not. */
export function readSenders(value: unknown): number | undefined {
  const senders = typeof value === 'string' ? Number(value) : value;
  return Number.isSafeInteger(senders) ? (senders as number) : undefined;
}
