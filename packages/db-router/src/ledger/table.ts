import { quoteRole } from '../quote-role.ts';

/** For whom the table is. */
export interface LedgerSqlOptions {
  /** The role of the app. It gets what it needs on this table, and nothing else. */
  readonly role: string;
}

/**
 * Returns the SQL that makes the table of a ledger, to be reviewed and applied as a migration. It may be applied again. Nothing
 * else makes the table.
 *
 * Names compare by bytes (`COLLATE "C"`), so that the index stays right on a server whose operating system sorts in another way.
 *
 * @example
 * ```ts
 * console.log(ledgerSql({ role: 'app' }));
 * ```
 *
 * @throws {TypeError | RangeError} `role` is not the name of a role.
 */
export function ledgerSql(options: LedgerSqlOptions): string {
  const role = quoteRole('ledgerSql', options);
  return `CREATE SCHEMA IF NOT EXISTS regionkit;
CREATE TABLE IF NOT EXISTS regionkit.ledger (
  actor text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  fingerprint text,
  answer text,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (actor, key)
);
CREATE INDEX IF NOT EXISTS ledger_at ON regionkit.ledger (at);
GRANT USAGE ON SCHEMA regionkit TO ${role};
GRANT SELECT, INSERT, UPDATE, DELETE ON regionkit.ledger TO ${role};
`;
}

/**
 * Takes the key, or inserts nothing. The lock tells at once that another transaction has taken it and not ended: without it
 * this would wait, and retries would fill the pool. The primary key alone decides, also where a lock has no effect.
 */
export const CLAIM = `INSERT INTO regionkit.ledger (actor, key, fingerprint)
SELECT $1::text, $2::text, $3::text WHERE pg_try_advisory_xact_lock($4::bigint) ON CONFLICT DO NOTHING`;

/**
 * FOR KEY SHARE makes this transaction one that wrote: the position after it is later than the first write, and the token of a
 * retry covers that.
 */
export const FIND = 'SELECT fingerprint, answer FROM regionkit.ledger WHERE actor = $1 AND key = $2 FOR KEY SHARE';

/**
 * The same two with their values in the text, to go out with BEGIN and with COMMIT. Undefined if a value is not plain ASCII: no
 * encoding of a connection can read a quote into such a literal.
 */
export const inText = (statement: string, values: readonly (string | null)[]): string | undefined =>
  values.every((value) => value === null || ASCII.test(value))
    ? statement.replace(/\$(\d)/g, (_, number) => literal(values[Number(number) - 1] ?? null))
    : undefined;

const ASCII = /^[\x20-\x7e]*$/;

/** Right with and without `standard_conforming_strings`. The space keeps `E` apart from what stands before it. */
function literal(value: string | null): string {
  if (value === null) return 'NULL';
  return ` E'${value.replace(/['\\]/g, '$&$&')}'`;
}

/** Its values stand in the order of their numbers, as in each statement here: some libraries know only `?`. */
export const KEEP = 'UPDATE regionkit.ledger SET answer = $1 WHERE actor = $2 AND key = $3';

/** As {@link KEEP}, if it is still the transaction of {@link XID} and the row is in it. An UPDATE alone returns no rows through TypeORM. */
export const KEEP_IN = `WITH kept AS (UPDATE regionkit.ledger SET answer = $1::text WHERE actor = $2 AND key = $3
  AND pg_current_xact_id()::text = $4 RETURNING 1) SELECT EXISTS (SELECT FROM kept) AS kept`;

/** The number of the transaction. */
export const XID = 'SELECT pg_current_xact_id()::text AS xid';

/** As {@link CLAIM}, if it is still the transaction of {@link XID}. */
export const CLAIM_IN = `WITH claimed AS (INSERT INTO regionkit.ledger (actor, key, fingerprint)
  SELECT $1::text, $2::text, $3::text WHERE pg_try_advisory_xact_lock($4::bigint) AND pg_current_xact_id()::text = $5
  ON CONFLICT DO NOTHING RETURNING 1)
SELECT EXISTS (SELECT FROM claimed) AS claimed, pg_current_xact_id()::text = $6 AS together`;

/** Fails, with a text for the log of the server: its transaction can only be rolled back from now on. */
export const ABORT = "SELECT 'the write of a key failed, so its transaction must be rolled back'::int";

/**
 * Takes the key and keeps the answer, or fails: with 23502 if another transaction holds the lock, and with 23505 if the row is
 * there. Without the lock nothing of the call is in the row, because the server writes the row into its log.
 */
export const CLAIM_OR_FAIL = `INSERT INTO regionkit.ledger (actor, key, fingerprint, answer)
SELECT $1::text, CASE WHEN free THEN $2::text END, CASE WHEN free THEN $3::text END, CASE WHEN free THEN $5::text END
FROM (SELECT pg_try_advisory_xact_lock($4::bigint) AS free OFFSET 0) AS lock`;

/** Rows that another process is deleting are left to it. */
export const EXPIRE = `DELETE FROM regionkit.ledger USING (
  SELECT actor, key FROM regionkit.ledger WHERE at < clock_timestamp() - make_interval(secs => $1::float8 / 1000)
  ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
) old WHERE ledger.actor = old.actor AND ledger.key = old.key`;
