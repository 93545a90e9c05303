import { OpsError } from '../errors.ts';
import type { TrustedNames } from './output/is-traced.ts';
import type { RedactedColumn } from './output/redaction.ts';
import type { Session } from './servers/session.ts';

/** The columns of a name, also in the partitions of its table: one of these may have left it, and kept the column. */
const PLACES = `SELECT a.attrelid::text AS relation, a.attnum::text AS number
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT c.oid UNION SELECT relid::oid FROM pg_partition_tree(c.oid)) AS part(oid)
  JOIN pg_attribute a ON a.attrelid = part.oid
  WHERE a.attname = $1 AND c.relname = $2 AND n.nspname = coalesce($3, n.nspname) AND a.attnum > 0
    AND NOT a.attisdropped AND c.relkind IN ('r', 'p')`;

const NAMES = `SELECT p.relation::text || '.' || p.number AS place, n.nspname AS schema, c.relname AS name, a.attname AS column
  FROM (SELECT DISTINCT * FROM unnest($1::oid[], $2::int2[])) AS p(relation, number)
  JOIN pg_attribute a ON a.attrelid = p.relation AND a.attnum = p.number AND NOT a.attisdropped
  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace`;

interface Named extends RedactedColumn {
  readonly place: string;
}

/** What both servers know of the columns that are to be hidden. */
export interface FoundColumns {
  readonly names: readonly RedactedColumn[];
  readonly trusted: TrustedNames;
}

/**
 * All names of the columns that are to be hidden. Both servers are copies of one: a column that one of them has renamed has the same
 * place on both, and lost writes may have either name. A column that does not exist is a mistake: its owner would believe that
 * it is hidden. `implied`: hidden without being asked for, and may not exist. @throws {OpsError} `ERR_OPS_USAGE`
 */
export async function findRedacted(
  sessions: readonly Session[],
  columns: readonly string[],
  implied: readonly string[] = [],
): Promise<FoundColumns> {
  const places: { readonly relation: string; readonly number: string }[] = [];
  for (const given of [...columns, ...implied]) {
    const [column, table, schema = null] = given.split('.').reverse();
    const found = await Promise.all(
      sessions.map((session) => session.query<(typeof places)[number]>(PLACES, [column, table, schema])),
    );
    if (found.every((rows) => rows.length === 0) && columns.includes(given)) {
      throw new OpsError('ERR_OPS_USAGE', `--redact: neither server has the column ${JSON.stringify(given)}`);
    }
    places.push(...found.flat());
  }
  if (places.length === 0) return { names: [], trusted: 'all' };
  const [relations, numbers] = [places.map(({ relation }) => relation), places.map(({ number }) => number)];
  const lists = await Promise.all(sessions.map((session) => session.query<Named>(NAMES, [relations, numbers])));
  const names = lists.flat();
  const onEach = lists.map((list) => new Set(list.map((one) => JSON.stringify(one))));
  const isRenamed = names.some((one) => !onEach.every((known) => known.has(JSON.stringify(one))));
  return {
    // The table may have been renamed before the column, or after it.
    names: names.flatMap((one) => {
      const others = names.filter(({ place }) => place === one.place);
      return others.map(({ column }) => ({ schema: one.schema, name: one.name, column }));
    }),
    trusted: isRenamed ? 'unchanged' : 'known',
  };
}
