import { OpsError } from '../errors.ts';
import type { Session } from './servers/session.ts';

/** A column that does not exist is a mistake: its owner would believe that it is hidden. @throws {OpsError} `ERR_OPS_USAGE` */
export async function checkRedaction(sessions: readonly Session[], columns: readonly string[]): Promise<void> {
  for (const given of columns) {
    const [column, table, schema = null] = given.split('.').reverse();
    const found = await Promise.all(
      sessions.map((session) =>
        session.query(
          `SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE a.attname = $1 AND c.relname = $2 AND n.nspname = coalesce($3, n.nspname) AND a.attnum > 0
             AND NOT a.attisdropped AND c.relkind IN ('r', 'p') LIMIT 1`,
          [column, table, schema],
        ),
      ),
    );
    if (found.every((rows) => rows.length === 0)) {
      throw new OpsError('ERR_OPS_USAGE', `--redact: neither server has the column ${JSON.stringify(given)}`);
    }
  }
}
