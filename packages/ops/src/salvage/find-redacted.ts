import { OpsError } from '../errors.ts';
import type { RedactedColumn } from './output/redaction.ts';
import type { Session } from './servers/session.ts';

const PLACES = `SELECT c.oid::text AS relation, a.attnum::text AS number
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE a.attname = $1 AND c.relname = $2 AND n.nspname = coalesce($3, n.nspname) AND a.attnum > 0
    AND NOT a.attisdropped AND c.relkind IN ('r', 'p')`;

const NAMES = `SELECT p.relation::text || '.' || p.number AS place, n.nspname AS schema, c.relname AS name, a.attname AS column
  FROM unnest($1::oid[], $2::int2[]) AS p(relation, number)
  JOIN pg_attribute a ON a.attrelid = p.relation AND a.attnum = p.number AND NOT a.attisdropped
  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace`;

interface Named extends RedactedColumn {
  readonly place: string;
}

/**
 * All names of the columns that are to be hidden. Both servers are copies of one: a column that one of them has renamed has the same
 * place on both, and lost writes may have either name. A column that does not exist is a mistake: its owner would believe that
 * it is hidden. @throws {OpsError} `ERR_OPS_USAGE`
 */
export async function findRedacted(
  sessions: readonly Session[],
  columns: readonly string[],
): Promise<readonly RedactedColumn[]> {
  if (columns.length === 0) return [];
  const places: { readonly relation: string; readonly number: string }[] = [];
  for (const given of columns) {
    const [column, table, schema = null] = given.split('.').reverse();
    const found = await Promise.all(
      sessions.map((session) => session.query<(typeof places)[number]>(PLACES, [column, table, schema])),
    );
    if (found.every((rows) => rows.length === 0)) {
      throw new OpsError('ERR_OPS_USAGE', `--redact: neither server has the column ${JSON.stringify(given)}`);
    }
    places.push(...found.flat());
  }
  const [relations, numbers] = [places.map(({ relation }) => relation), places.map(({ number }) => number)];
  const names = await Promise.all(sessions.map((session) => session.query<Named>(NAMES, [relations, numbers])));
  // The table may have been renamed before the column, or after it.
  return names.flat().flatMap((one) => {
    const others = names.flat().filter(({ place }) => place === one.place);
    return others.map(({ column }) => ({ schema: one.schema, name: one.name, column }));
  });
}
