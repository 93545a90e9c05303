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
  /** Large values that a row has brought along from another key: the WAL does not have them. */
  readonly unknown: readonly string[];
  /** Its changes contradict each other: two tables had this name, one after the other. */
  readonly isOfTwo: boolean;
}

/** Adds one more change of the row. Pure. Large values that a change did not touch keep what an earlier change said. */
export function addToNet(net: Net | undefined, change: Pick<RowChange, 'operation' | 'after' | 'half'>): Net {
  const { operation, after, half } = change;
  const first = net?.first ?? operation;
  // A row that is there is not inserted, and one that is not there is neither updated nor deleted.
  const isOfTwo = net !== undefined && (net.isOfTwo || (operation === 'INSERT') === (net.last !== 'DELETE'));
  if (operation === 'DELETE') return { first, last: operation, row: new Map(), unknown: [], isOfTwo };
  const unchanged = after?.unchanged ?? [];
  const kept = unchanged.flatMap((column): [string, string | null][] => {
    const value = half === 'arrived' ? undefined : net?.row.get(column);
    return value === undefined ? [] : [[column, value]];
  });
  const unknown = half === 'arrived' ? unchanged : (net?.unknown ?? []).filter((column) => unchanged.includes(column));
  return { first, last: operation, row: new Map([...(after?.fields ?? []), ...kept]), unknown, isOfTwo };
}
