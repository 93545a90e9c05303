import type { Operation } from '../decode/change.ts';
import type { RowChange } from './row-change.ts';

/** What all lost changes of one row come to. */
export interface Net {
  /** INSERT: the row is not of the history that both servers have. */
  readonly first: Operation;
  /** DELETE: the old primary does not have it at the end. */
  readonly last: Operation;
  /** The row at the end, as far as the WAL has it. */
  readonly row: ReadonlyMap<string, string | null>;
}

/** Adds one more change of the row. Pure. Large values that a change did not touch keep what an earlier change said. */
export function addToNet(net: Net | undefined, { operation, after }: Pick<RowChange, 'operation' | 'after'>): Net {
  const first = net?.first ?? operation;
  if (operation === 'DELETE') return { first, last: operation, row: new Map() };
  const kept = (after?.unchanged ?? []).flatMap((column): [string, string | null][] => {
    const value = net?.row.get(column);
    return value === undefined ? [] : [[column, value]];
  });
  return { first, last: operation, row: new Map([...(after?.fields ?? []), ...kept]) };
}
