/**
 * The journal holds a row for each statement that writes, with the place it was written at: that is how a statement done
 * twice, lost, or done on an abandoned primary is found. A list is its appends in the journal's order.
 */
export const SCHEMA = `
  CREATE TABLE registers (key text PRIMARY KEY, operation text NOT NULL, version int NOT NULL);
  CREATE TABLE journal (
    seq bigserial PRIMARY KEY, operation text NOT NULL, part int NOT NULL, key text NOT NULL, version int,
    once text, app text NOT NULL, known int NOT NULL, state text NOT NULL,
    timeline int NOT NULL DEFAULT ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int,
    lsn pg_lsn NOT NULL DEFAULT pg_current_wal_insert_lsn(),
    transaction text NOT NULL DEFAULT pg_current_xact_id()::text,
    server int NOT NULL DEFAULT inet_server_port());
  CREATE INDEX ON journal (key, seq)`;

const COLUMNS = '(operation, part, key, app, known, state)';
export const APPEND = `INSERT INTO journal ${COLUMNS} VALUES ($1, $2, $3, $4, $5, $6)`;

/** A write with a key. */
export const APPEND_ONCE = `
  INSERT INTO journal (operation, part, key, app, known, state, once) VALUES ($1, $2, $3, $4, $5, $6, $7)`;

/** Sets the register and notes it in one statement: both or neither. */
export const SET = `
  WITH changed AS (
    INSERT INTO registers AS held (key, operation, version) VALUES ($3, $1, 1)
    ON CONFLICT (key) DO UPDATE SET operation = excluded.operation, version = held.version + 1 RETURNING version)
  INSERT INTO journal (operation, part, key, app, known, state, version)
  SELECT $1, $2::int, $3, $4, $5::int, $6, version FROM changed RETURNING version`;

/** The timeline a primary writes; 0 on a standby. */
const WRITTEN = `CASE WHEN pg_is_in_recovery() THEN 0
  ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS written`;

/** One row, also for a register that was never set. */
export const GET = `
  SELECT held.operation, held.version, ${WRITTEN}, $2::int AS known FROM (SELECT) one LEFT JOIN registers held ON held.key = $1`;

export const LIST = `
  SELECT coalesce(json_agg(operation ORDER BY seq), '[]') AS entries, ${WRITTEN}, $2::int AS known
  FROM journal WHERE key = $1 AND part = 0`;

/** Everything a data directory holds, for the checker. */
export const ROWS = `
  SELECT operation, part, version, once, timeline, (lsn - '0/0'::pg_lsn)::text AS lsn, transaction, server, app, known, state
  FROM journal ORDER BY seq`;
