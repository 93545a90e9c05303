import { OpsError } from '../errors.ts';
import { isMissingModule } from '../is-missing-module.ts';

type TailSql = Pick<typeof import('@regionkit/db-router/tail'), 'tailSql' | 'tailDropSql'>;

/** The router is an optional peer. It has the SQL, because its keeper calls what the SQL makes. */
export async function loadTailSql(): Promise<TailSql> {
  try {
    return await import('@regionkit/db-router/tail');
  } catch (error) {
    if (!isMissingModule(error)) throw error;
    throw new OpsError('ERR_OPS_USAGE', 'tail needs one more package: npm install @regionkit/db-router');
  }
}
