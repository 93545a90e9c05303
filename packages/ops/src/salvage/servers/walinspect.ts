import type { Session } from './session.ts';

/** The schema of the extension pg_walinspect: the search path has only `pg_catalog`. Undefined: it is not there. */
export async function walInspectSchema(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ schema: string }>(
    `SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'pg_walinspect'`,
  );
  return row?.schema;
}
