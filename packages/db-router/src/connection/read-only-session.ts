import type { PoolClient } from 'pg';

/** Why a session was not made read-only. */
export const POOLED =
  'a pooler stands before a node that is not certain to be the only primary; nothing was sent: connect to it directly';

/**
 * Makes the session read-only and returns a row. If another process answers than the one of this connection, it changes
 * nothing and returns no row: that is a pooler, which would pass the changed session to other clients.
 */
export function readOnlySql(client: PoolClient): string {
  const { processID } = client as { readonly processID?: unknown };
  const told = Number.isInteger(processID) ? processID : 'NULL';
  return `SELECT set_config('default_transaction_read_only', 'on', false) WHERE pg_backend_pid() = ${told}`;
}
