import type { Field, Operation, TableName, Tuple } from '../decode/change.ts';
import type { Table } from '../tables/table.ts';

/** A row of a table by its key. */
export interface RowKey {
  readonly table: TableName;
  readonly key: readonly Field[];
}

/** A change of one row. An UPDATE of the key is two: the row leaves a key, and arrives at another one. */
export interface RowChange extends RowKey {
  readonly operation: Operation;
  readonly after: Tuple | undefined;
  /** Of an UPDATE of the key: whether this is the key that the row left, or its new one. */
  readonly half: 'left' | 'arrived' | undefined;
}

/** One for each row: the same text for the same table and key. */
export const rowIdOf = ({ table: { schema, name }, key }: RowKey): string =>
  JSON.stringify([schema, name, ...key.map(([, value]) => value)]);

interface DecodedChange {
  readonly operation: Operation;
  readonly table: TableName;
  readonly before: Tuple | undefined;
  readonly after: Tuple | undefined;
}

/** The rows that a decoded change touches. Pure. Empty: nothing in it identifies a row. */
export function rowChangesOf(change: DecodedChange, known: Table | undefined): readonly RowChange[] {
  const { operation, table, before, after } = change;
  const keyOf = (first: Tuple | undefined, second: Tuple | undefined): readonly Field[] | undefined => {
    const fields = (known?.key ?? []).map(({ name }): Field | undefined => field(first, name) ?? field(second, name));
    return fields.length > 0 && fields.every((one) => one !== undefined && one[1] !== null)
      ? (fields as readonly Field[])
      : undefined;
  };
  // A large value of a key that was not changed is in the old key alone.
  const arrived = keyOf(after, before);
  const left = keyOf(before, after);
  if (operation === 'DELETE') {
    return left === undefined ? [] : [{ table, key: left, operation, after: undefined, half: undefined }];
  }
  if (arrived === undefined) return [];
  if (
    operation === 'INSERT' ||
    left === undefined ||
    rowIdOf({ table, key: left }) === rowIdOf({ table, key: arrived })
  ) {
    return [{ table, key: arrived, operation, after, half: undefined }];
  }
  return [
    { table, key: left, operation: 'DELETE', after: undefined, half: 'left' },
    { table, key: arrived, operation: 'INSERT', after, half: 'arrived' },
  ];
}

const field = (tuple: Tuple | undefined, name: string): Field | undefined =>
  tuple?.fields.find(([column]) => column === name);
