import type { Session } from './session.ts';

/**
 * Reads the WAL by the extension pg_walinspect, from its schema: the search path has only `pg_catalog`. Undefined: it is
 * not there, or the server refuses.
 */
export async function inspectWal<T>(session: Session, read: (schema: string) => Promise<T>): Promise<T | undefined> {
  const [row] = await session.query<{ schema: string }>(
    `SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'pg_walinspect'`,
  );
  if (row === undefined) return undefined;
  try {
    return await read(row.schema);
  } catch (error) {
    if ((error as { code?: unknown }).code === undefined) throw error;
    return undefined;
  }
}

/** So many records are in memory at once. */
const PAGE = 5_000;

/** The rows of a query in a transaction of its own, one after the other. Its cursor takes no parameter. */
export async function* readByPages(session: Session, query: string): AsyncGenerator<readonly (string | null)[]> {
  await session.query('BEGIN READ ONLY');
  try {
    await session.query(`DECLARE regionkit_wal NO SCROLL CURSOR FOR ${query}`);
    for (;;) {
      const page = await session.lists(`FETCH FORWARD ${PAGE} FROM regionkit_wal`);
      yield* page;
      if (page.length < PAGE) return;
    }
  } finally {
    await session.query('ROLLBACK').catch(() => {});
  }
}
