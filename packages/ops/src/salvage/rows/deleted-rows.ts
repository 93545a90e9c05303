import type { Session } from '../servers/session.ts';
import { type FirstXid, WRAP } from '../servers/xid.ts';
import { quoteName, quoteTable } from '../sql-text.ts';
import type { Table } from '../tables/table.ts';

/** A key that only the new primary has, in a row that is older than the fork: the old primary has deleted it. */
export type DeletedKey = readonly (string | null)[];

/** About so many keys fall into one bucket. */
const BUCKET_ROWS = 1_000;
const [MIN_BUCKETS, MAX_BUCKETS] = [1_024, 1_048_576];

/**
 * Compares the keys of both servers by sums of their hashes, one for each bucket, and fetches only the buckets that
 * differ. Two scans of the table, and one more for each part of the buckets that differ.
 */
export async function* deletedKeys(
  old: Session,
  now: Session,
  table: Table,
  { low }: FirstXid,
): AsyncGenerator<readonly DeletedKey[]> {
  const name = quoteTable(table);
  const columns = table.key.map((column) => quoteName(column.name));
  const key = `jsonb_build_array(${columns.map((column) => `${column}::text`).join(', ')})::text`;
  const [size] = await now.query<{ rows: string }>(
    `SELECT greatest(reltuples, 0)::bigint AS rows FROM pg_class WHERE oid = '${name.replaceAll("'", "''")}'::regclass`,
  );
  const buckets = Math.min(MAX_BUCKETS, Math.max(MIN_BUCKETS, Math.ceil(Number(size?.rows ?? 0) / BUCKET_ROWS)));
  const bucket = `((hashtextextended(${key}, 0) % ${buckets}) + ${buckets}) % ${buckets}`;
  // Rows that the new primary has written itself are not of the old one.
  const isOlder = `NOT (age(xmin) BETWEEN 0 AND age('${low % WRAP}'::xid))`;
  const sums = async (session: Session, where: string): Promise<ReadonlyMap<string, string>> => {
    const rows = await session.lists(
      `SELECT ${bucket}, count(*) || ' ' || sum(hashtextextended(${key}, 1)::numeric) FROM ONLY ${name} ${where} GROUP BY 1`,
    );
    return new Map(rows.map(([number, sum]) => [number ?? '', sum ?? '']));
  };
  const [here, there] = await Promise.all([sums(old, ''), sums(now, `WHERE ${isOlder}`)]);
  const differing = [...there].flatMap(([number, sum]) => (here.get(number) === sum ? [] : [number]));
  for (let from = 0; from < differing.length; from += BUCKETS_AT_ONCE) {
    const part = differing.slice(from, from + BUCKETS_AT_ONCE);
    const keys = (session: Session, where: string) =>
      session.lists(
        `SELECT ${key}, ${columns.join(', ')} FROM ONLY ${name}
         WHERE ${bucket} = ANY($1::bigint[]) ${where}`,
        [part],
      );
    const [mine, theirs] = await Promise.all([keys(old, ''), keys(now, `AND ${isOlder}`)]);
    const known = new Set(mine.map(([text]) => text));
    const deleted = theirs.flatMap(([text, ...values]) => (known.has(text ?? '') ? [] : [values]));
    if (deleted.length > 0) yield deleted;
  }
}

const BUCKETS_AT_ONCE = 50;
