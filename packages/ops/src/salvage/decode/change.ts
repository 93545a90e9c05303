/** A table by its names, as PostgreSQL stores them: without quotes. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** A column and its value, as the output function of its type writes it. */
export type Field = readonly [column: string, value: string | null];

/** The columns of a row that were decoded, in the order of the table. */
export interface Tuple {
  readonly fields: readonly Field[];
  /** Columns with a large value (TOAST) that the change did not touch: the value is not in the WAL. */
  readonly unchanged: readonly string[];
}

/** The value of a column. Null also if the column is not there. */
export const fieldOf = (fields: readonly Field[], name: string): string | null =>
  fields.find(([column]) => column === name)?.[1] ?? null;

export type Operation = 'INSERT' | 'UPDATE' | 'DELETE';

/** One row of `pg_logical_slot_peek_changes` with the plugin test_decoding. */
export type DecodedLine =
  | { readonly kind: 'begin' }
  | { readonly kind: 'commit'; readonly at: string | undefined }
  | { readonly kind: 'message'; readonly isTransactional: boolean; readonly prefix: string; readonly bytes: number }
  | { readonly kind: 'truncate'; readonly tables: readonly TableName[]; readonly flags: string }
  | {
      readonly kind: 'change';
      readonly operation: Operation;
      readonly table: TableName;
      /** What identified the row before: of a DELETE, and of an UPDATE that changed it. With REPLICA IDENTITY FULL the whole row. */
      readonly before: Tuple | undefined;
      /** The row after an INSERT or an UPDATE. */
      readonly after: Tuple | undefined;
    };

export const EMPTY: Tuple = { fields: [], unchanged: [] };
