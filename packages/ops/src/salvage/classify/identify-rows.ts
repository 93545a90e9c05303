import type { DecodedLine } from '../decode/change.ts';
import type { TableOf } from '../tables/table.ts';
import { type RowChange, rowChangesOf } from './row-change.ts';

/** The catalogs of both servers. */
export interface BothTables {
  readonly old: TableOf;
  readonly now: TableOf;
}

/**
 * The rows that a decoded change touches. `view`: they come from other tables. Empty: nothing in the WAL identifies a row.
 *
 * The old primary may have renamed or dropped the table, or renamed its key, after this change. The new primary then has them as
 * they were.
 */
export async function identifyRows(
  line: Extract<DecodedLine, { readonly kind: 'change' }>,
  { old, now }: BothTables,
): Promise<readonly RowChange[] | 'view'> {
  for (const tableOf of [old, now]) {
    const table = await tableOf(line.table);
    if (table === undefined) continue;
    if (table.isView) return 'view';
    const rows = rowChangesOf(line, table);
    if (rows.length > 0 || table.key.length === 0) return rows;
  }
  return [];
}
