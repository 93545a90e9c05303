import { quoteRole } from '../quote-role.ts';

/** For whom the functions are. */
export interface TailSqlOptions {
  /** The role of the app. It gets what a keeper needs, and no REPLICATION. */
  readonly role: string;
}

/**
 * Returns the SQL that a keeper needs in a database, to be reviewed and applied once on the primary by a superuser, or by a role with
 * REPLICATION and `pg_monitor`. On Amazon RDS, `rds_replication` stands for REPLICATION. It may be applied again. `regionkit tail install` prints the same.
 *
 * The functions run with the rights of who applies this. They use `pg_catalog` alone, and the slot of this database alone. They
 * move it no further than what the standbys have flushed, and do nothing on another timeline than the one that they are told.
 *
 * @example
 * ```ts
 * console.log(tailSql({ role: 'app' }));
 * ```
 *
 * @throws {TypeError | RangeError} `role` is not the name of a role.
 */
export function tailSql(options: TailSqlOptions): string {
  const role = quoteRole('tailSql', options);
  const functions = FUNCTIONS.map((name) => `regionkit.${name}`).join(', ');
  return `-- Apply this on the primary, as a superuser or as a role with REPLICATION and pg_monitor. Every server needs wal_level = logical.
-- Amazon RDS: as a role with rds_replication and pg_monitor (rds_superuser has both). For wal_level, set rds.logical_replication = 1
-- in the parameter group of every server, and reboot.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE CASE rolname
      WHEN current_user THEN rolsuper OR rolreplication
      WHEN 'rds_replication' THEN pg_catalog.pg_has_role(oid, 'MEMBER') END) THEN
    RAISE EXCEPTION 'regionkit: apply this as a superuser, or as a role with REPLICATION (Amazon RDS: rds_replication) and pg_monitor';
  END IF;
  IF current_setting('server_version_num')::int < 150000 THEN
    RAISE EXCEPTION 'regionkit: a tail keeper needs PostgreSQL 15 or later';
  END IF;
  IF NOT pg_catalog.pg_has_role('pg_monitor', 'USAGE') THEN
    RAISE EXCEPTION 'regionkit: % needs pg_monitor to see what the standbys have flushed', current_user;
  END IF;
  IF current_setting('wal_level') <> 'logical' THEN
    RAISE WARNING 'regionkit: no slot can be made before wal_level is logical (Amazon RDS: rds.logical_replication = 1)';
  END IF;
END $$;
CREATE SCHEMA IF NOT EXISTS regionkit;
-- A GRANT without this right is only a warning, and the app could call none of the functions.
DO $$ BEGIN
  IF NOT pg_catalog.has_schema_privilege('regionkit', 'USAGE WITH GRANT OPTION') THEN
    RAISE EXCEPTION 'regionkit: % cannot let the app use the schema. As its owner: GRANT USAGE ON SCHEMA regionkit TO % WITH GRANT OPTION', current_user, quote_ident(current_user);
  END IF;
END $$;
-- What a promotion left behind: where each timeline begins, and its first transaction.
-- Of which database system: a dump that is restored into another one has the rows, too.
CREATE TABLE IF NOT EXISTS regionkit.tail (
  system bigint,
  timeline integer,
  fork pg_lsn,
  first_xid xid8,
  redo pg_lsn,
  recorded_at timestamptz,
  dropped_at timestamptz,
  -- Of a keeper: what the slot may hold, and within which time it ticks again.
  max_held_bytes bigint,
  due_ms bigint,
  PRIMARY KEY (system, timeline)
);
${LOOK_FUNCTION}
${FORK_FUNCTION}
${CREATE_FUNCTION}
${ADVANCE_FUNCTION}
${DROP_FUNCTION}
REVOKE ALL ON FUNCTION ${functions} FROM PUBLIC;
GRANT USAGE ON SCHEMA regionkit TO ${role};
GRANT EXECUTE ON FUNCTION ${functions} TO ${role};
GRANT SELECT, INSERT, UPDATE ON regionkit.tail TO ${role};
-- For regionkit doctor, status and salvage.
GRANT USAGE ON SCHEMA regionkit TO pg_monitor;
GRANT SELECT ON regionkit.tail TO pg_monitor;
-- With pg_walinspect, salvage can prove that its list is complete.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pg_walinspect') THEN
    CREATE EXTENSION IF NOT EXISTS pg_walinspect;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'regionkit: pg_walinspect was not created: a superuser can do it';
END $$;
`;
}

/**
 * Returns the SQL that drops the slot of this database and the functions. The table `regionkit.tail` stays. Do not apply it on an old
 * primary before `regionkit salvage`: the slot has its lost writes.
 *
 * @example
 * ```ts
 * console.log(tailDropSql());
 * ```
 */
export function tailDropSql(): string {
  return `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${SLOT} AND plugin = 'test_decoding';
DROP FUNCTION IF EXISTS ${FUNCTIONS.map((name) => `regionkit.${name}`).join(', ')};
`;
}

const FUNCTIONS = [
  'tail_look(text[])',
  'tail_fork(integer)',
  'tail_create(integer)',
  'tail_advance(integer, text[], pg_lsn)',
  'tail_drop(integer, bigint)',
];

const SLOT = `'regionkit_tail_' || (SELECT oid FROM pg_database WHERE datname = current_database())`;
/** Asked only where the server is not in recovery. */
const TIMELINE = `('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer`;
const RIGHTS = 'SECURITY DEFINER SET search_path = pg_catalog, pg_temp';

/**
 * What the named standbys have all flushed, and those that are missing. A standby that has two connections counts with the lower
 * position. While a standby catches up, it has flushed what it says, too.
 */
const FLUSHED = `SELECT array_agg(n ORDER BY n) FILTER (WHERE flushed IS NULL) AS missing,
    CASE WHEN count(flushed) = count(*) THEN min(flushed) END AS target
  FROM (SELECT n, (SELECT CASE WHEN count(*) = count(r.flush_lsn) THEN min(r.flush_lsn) END FROM pg_stat_replication r
    WHERE r.application_name = n AND r.state IN ('streaming', 'catchup')) AS flushed
    FROM (SELECT DISTINCT unnest(standbys) AS n) named) each`;

/**
 * The right is asked in a statement of its own: PostgreSQL checks the right to call a function also where a WHERE lets no row
 * through.
 */
const COUNT_TICK = `IF has_function_privilege('pg_stat_reset_replication_slot(text)', 'EXECUTE') THEN
    PERFORM pg_stat_reset_replication_slot(s.slot_name) FROM pg_replication_slots s
      WHERE s.slot_name = ${SLOT} AND s.plugin = 'test_decoding';
  END IF;`;

/**
 * One process at a time: the lock ends with the transaction. The time of the last tick is when the statistics of the slot were reset:
 * a tick must write nothing, because a write of the keeper would be one that a failover can lose.
 *
 * A server that has received WAL since it was started was a standby then, so its replay has ended at the fork. After a crash it has
 * received none, and its replay has ended after the fork.
 */
const LOOK_FUNCTION = `CREATE OR REPLACE FUNCTION regionkit.tail_look(standbys text[]) RETURNS jsonb
LANGUAGE plpgsql ${RIGHTS} AS $$
BEGIN
  IF pg_is_in_recovery() THEN RETURN jsonb_build_object('timeline', 0); END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('regionkit.tail', 0)) THEN
    RETURN jsonb_build_object('timeline', ${TIMELINE}, 'hasLock', false);
  END IF;
  ${COUNT_TICK}
  RETURN (SELECT jsonb_build_object(
    'timeline', ${TIMELINE}, 'hasLock', true, 'isLogical', current_setting('wal_level') = 'logical',
    'slot', (SELECT jsonb_build_object('confirmed', s.confirmed_flush_lsn::text, 'isActive', s.active,
      'heldBytes', pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn),
      'isOurs', coalesce(s.plugin = 'test_decoding' AND s.database = current_database() AND NOT s.two_phase, false),
      'isLost', coalesce(s.wal_status = 'lost' OR to_jsonb(s)->>'invalidation_reason' IS NOT NULL, false))
      FROM pg_replication_slots s WHERE s.slot_name = ${SLOT}),
    'target', f.target::text, 'missing', f.missing,
    'checkpointed', c.timeline_id, 'redo', c.redo_lsn::text,
    'fork', CASE WHEN pg_last_wal_receive_lsn() IS NOT NULL THEN pg_last_wal_replay_lsn()::text END,
    'firstXid', ((split_part(c.next_xid, ':', 1)::numeric * 4294967296) + split_part(c.next_xid, ':', 2)::numeric)::text)
  FROM pg_control_checkpoint() c, (${FLUSHED}) f);
END $$;`;

/**
 * Where a timeline begins, by its history file. Null without the right to read that (`pg_read_server_files`): then the caller has only
 * the end of the replay, if the server has not been restarted since its promotion.
 */
const FORK_FUNCTION = `CREATE OR REPLACE FUNCTION regionkit.tail_fork(on_timeline integer) RETURNS text
LANGUAGE plpgsql ${RIGHTS} AS $$
BEGIN
  IF pg_is_in_recovery() OR ${TIMELINE} <> on_timeline THEN RETURN NULL; END IF;
  RETURN (SELECT line[1] FROM regexp_matches(
      pg_read_file('pg_wal/' || upper(lpad(to_hex(on_timeline), 8, '0')) || '.history', 0, 1048576, true),
      '^\\s*\\d+\\s+([0-9A-F]+/[0-9A-F]+)', 'gn') WITH ORDINALITY AS lines (line, at) ORDER BY at DESC LIMIT 1);
EXCEPTION WHEN insufficient_privilege THEN
  RETURN NULL;
END $$;`;

const CREATE_FUNCTION = `CREATE OR REPLACE FUNCTION regionkit.tail_create(on_timeline integer) RETURNS text
LANGUAGE plpgsql ${RIGHTS} AS $$
DECLARE
  made_at text;
BEGIN
  IF pg_is_in_recovery() OR ${TIMELINE} <> on_timeline THEN RETURN NULL; END IF;
  SELECT lsn::text INTO made_at FROM pg_create_logical_replication_slot(${SLOT}, 'test_decoding', false, false);
  -- The tick that makes the slot is its first one: without it, it would look as if no keeper ticked.
  ${COUNT_TICK}
  RETURN made_at;
END $$;`;

const ADVANCE_FUNCTION = `CREATE OR REPLACE FUNCTION regionkit.tail_advance(on_timeline integer, standbys text[], upto pg_lsn) RETURNS text
LANGUAGE plpgsql ${RIGHTS} AS $$
DECLARE
  target pg_lsn;
  confirmed pg_lsn;
BEGIN
  IF pg_is_in_recovery() OR ${TIMELINE} <> on_timeline THEN RETURN NULL; END IF;
  SELECT least(f.target, upto) INTO target FROM (${FLUSHED}) f WHERE f.target IS NOT NULL;
  SELECT s.confirmed_flush_lsn INTO confirmed FROM pg_replication_slots s
    WHERE s.slot_name = ${SLOT} AND s.plugin = 'test_decoding' AND NOT s.active;
  IF target IS NULL OR confirmed IS NULL OR target <= confirmed THEN RETURN NULL; END IF;
  RETURN (SELECT end_lsn::text FROM pg_replication_slot_advance(${SLOT}, target));
END $$;`;

const DROP_FUNCTION = `CREATE OR REPLACE FUNCTION regionkit.tail_drop(on_timeline integer, max_held_bytes bigint) RETURNS boolean
LANGUAGE plpgsql ${RIGHTS} AS $$
DECLARE
  found_slot name;
BEGIN
  IF pg_is_in_recovery() OR ${TIMELINE} <> on_timeline THEN RETURN false; END IF;
  SELECT s.slot_name INTO found_slot FROM pg_replication_slots s
    WHERE s.slot_name = ${SLOT} AND s.plugin = 'test_decoding' AND NOT s.active AND (
      s.wal_status = 'lost' OR to_jsonb(s)->>'invalidation_reason' IS NOT NULL
      OR pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn) > max_held_bytes);
  IF found_slot IS NULL THEN RETURN false; END IF;
  PERFORM pg_drop_replication_slot(found_slot);
  RETURN true;
END $$;`;

/** With the row of the timeline that the server writes. */
export const LOOK = `SELECT l.facts, t.dropped_at IS NOT NULL AS dropped, t.recorded_at IS NOT NULL AS recorded,
  t.max_held_bytes IS DISTINCT FROM $2::bigint OR t.due_ms IS DISTINCT FROM $3::bigint AS other
FROM (SELECT regionkit.tail_look($1::text[]) AS facts) l CROSS JOIN pg_control_system() c LEFT JOIN regionkit.tail t
  ON t.system = c.system_identifier AND t.timeline = (l.facts->>'timeline')::integer`;
/** A slot can be made only in a transaction that has written nothing, and waits for every transaction that is open. */
export const TIME_LIMIT = `SELECT set_config('statement_timeout', $1, true)`;
export const FORK = 'SELECT regionkit.tail_fork($1) AS fork';
export const CREATE = 'SELECT regionkit.tail_create($1) AS at';
export const ADVANCE = 'SELECT regionkit.tail_advance($1, $2::text[], $3::pg_lsn) AS at';
export const DROP = 'SELECT regionkit.tail_drop($1, $2) AS done';
export const NOTE_NOT_DROPPED = `UPDATE regionkit.tail SET dropped_at = NULL FROM pg_control_system() c
WHERE system = c.system_identifier AND timeline = $1 AND dropped_at IS NOT NULL`;
export const NOTE_DROPPED = `INSERT INTO regionkit.tail (system, timeline, dropped_at)
SELECT system_identifier, $1::integer, clock_timestamp() FROM pg_control_system()
ON CONFLICT (system, timeline) DO UPDATE SET dropped_at = EXCLUDED.dropped_at`;
export const NOTE_PROMOTION = `INSERT INTO regionkit.tail (system, timeline, fork, first_xid, redo, recorded_at)
SELECT system_identifier, $1::integer, $2::pg_lsn, $3::text::xid8, $4::pg_lsn, clock_timestamp() FROM pg_control_system()
ON CONFLICT (system, timeline) DO UPDATE SET fork = EXCLUDED.fork, first_xid = EXCLUDED.first_xid, redo = EXCLUDED.redo,
  recorded_at = EXCLUDED.recorded_at WHERE tail.recorded_at IS NULL`;
export const NOTE_LIMITS = `INSERT INTO regionkit.tail (system, timeline, max_held_bytes, due_ms)
SELECT system_identifier, $1::integer, $2::bigint, $3::bigint FROM pg_control_system()
ON CONFLICT (system, timeline) DO UPDATE SET max_held_bytes = EXCLUDED.max_held_bytes, due_ms = EXCLUDED.due_ms`;
