import type { DecodedLine } from '../decode/change.ts';
import { isLedger } from '../ledger/ledger-table.ts';
import { idOf, type TableOf } from '../tables/table.ts';
import type { Tree } from './crossings.ts';
import { type RowChange, rowChangesOf } from './row-change.ts';

/** The catalogs of both servers. */
export interface BothTables {
  readonly old: TableOf;
  readonly now: TableOf;
}

export interface IdentifiedRows {
  /** Empty: nothing in the WAL identifies a row. */
  readonly rows: readonly RowChange[];
  /** Undefined: the table is no partition. */
  readonly tree: Tree | undefined;
  /** The table is the one of the ledger, or a partition of it. */
  readonly ofLedger: true | undefined;
}

/**
 * The rows that a decoded change touches. `view`: they come from other tables.
 *
 * The old primary may have renamed or dropped the table, or renamed its key, after this change. The new primary then has them as
 * they were.
 */
export async function identifyRows(
  line: Extract<DecodedLine, { readonly kind: 'change' }>,
  { old, now }: BothTables,
): Promise<IdentifiedRows | 'view'> {
  const tables = [await old(line.table), await now(line.table)].filter((table) => table !== undefined);
  if (tables[0]?.isView) return 'view';
  const partition = tables.find(({ root }) => root !== undefined);
  const tree = partition?.root && { root: idOf(partition.root), partitionedBy: partition.partitionedBy };
  const names = [line.table, ...tables.flatMap(({ root }) => root ?? [])];
  const ofLedger = names.some((table) => isLedger({ table })) || undefined;
  for (const table of tables) {
    const rows = rowChangesOf(line, table);
    if (rows.length > 0 || table.key.length === 0) return { rows, tree, ofLedger };
  }
  return { rows: [], tree, ofLedger };
}
