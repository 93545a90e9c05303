import type { TableName } from '../decode/change.ts';
import type { Session } from '../servers/session.ts';

/** The ordinary tables of the database whose rows are in the WAL, partitions included. */
export async function tablesOf(session: Session): Promise<readonly TableName[]> {
  return await session.query<TableName & { readonly schema: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
     ORDER BY n.nspname, c.relname`,
  );
}
