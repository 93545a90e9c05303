import type { TableName } from '../decode/change.ts';

/** The table of a ledger of the app: the keys of its writes, and their answers. */
export const LEDGER: TableName = { schema: 'regionkit', name: 'ledger' };

/** Whether it is a row of the ledger. `ofLedger`: its table is a partition of it, with a name of its own. */
export const isLedger = ({ table, ofLedger }: { readonly table: TableName; readonly ofLedger?: true }): boolean =>
  ofLedger === true || (table.schema === LEDGER.schema && table.name === LEDGER.name);
