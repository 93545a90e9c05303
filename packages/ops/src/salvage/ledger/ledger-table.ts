import type { TableName } from '../decode/change.ts';

/** The table of a ledger of the app: the keys of its writes, and their answers. */
export const LEDGER: TableName = { schema: 'regionkit', name: 'ledger' };

export const isLedger = ({ schema, name }: TableName): boolean => schema === LEDGER.schema && name === LEDGER.name;
