import type { Field } from '../decode/change.ts';
import type { Table } from '../tables/table.ts';

/**
 * The indexes that can refuse this statement, by their names: what they forbid is not compared. Pure.
 *
 * @param set what an UPDATE sets. Undefined: it is an INSERT.
 * @param row the row after it
 */
export function mayBreak(
  { uncompared }: Table,
  set: readonly Field[] | undefined,
  row: ReadonlyMap<string, string | null>,
): readonly string[] {
  return uncompared
    .filter(({ columns, ofNullsAlone }) => {
      const isWritten = set === undefined || columns.length === 0 || set.some(([column]) => columns.includes(column));
      return isWritten && (!ofNullsAlone || columns.some((column) => typeof row.get(column) !== 'string'));
    })
    .map(({ name }) => name);
}
