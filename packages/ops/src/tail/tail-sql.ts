import { OpsError } from '../errors.ts';

type TailSql = Pick<typeof import('@regionkit/db-router/tail'), 'tailSql' | 'tailDropSql'>;

/** The router is an optional peer. It has the SQL, because its keeper calls what the SQL makes. */
export async function loadTailSql(): Promise<TailSql> {
  try {
    return await import('@regionkit/db-router/tail');
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (!String(code).endsWith('MODULE_NOT_FOUND')) throw error;
    throw new OpsError('ERR_OPS_USAGE', 'tail needs one more package: npm install @regionkit/db-router');
  }
}
