import type { Table } from '../tables/table.ts';
import type { Net } from './net.ts';
import type { RowClass } from './row-class.ts';

/** A row of the new primary now. */
export interface CurrentRow {
  /** The transaction that wrote it. */
  readonly xmin: string;
  /** It counts as written after the fork if that is doubtful. */
  readonly isAfterFork: boolean;
  readonly side?: 'before' | 'after' | 'doubtful' | undefined;
  readonly values: ReadonlyMap<string, string | null>;
}

export interface Verdict {
  readonly class: RowClass;
  /** Of a conflict: why, in a few words of ours and names. */
  readonly why?: string;
}

/** Compares what the old primary made of a row with what the new one has of it now. Pure. */
export function judgeRow(net: Net, table: Table | undefined, current: CurrentRow | undefined): Verdict {
  if (table === undefined) return conflict('the new primary has no such table');
  if (net.isOfTwo) return conflict('two tables of the old primary had this name, one after the other');
  const isNew = net.first === 'INSERT';
  if (net.last === 'DELETE') {
    if (current === undefined) return { class: 'already-absent' };
    if (isNew) return conflict('the key belongs to another row on the new primary');
    return current.isAfterFork ? conflict('changed on the new primary') : { class: 'would-delete' };
  }
  const absent = [...net.row.keys()].find((name) => !table.columns.some((column) => column.name === name));
  if (absent !== undefined) return conflict(`the new primary has no column ${JSON.stringify(absent)}`);
  const unread = table.columns.find(({ name, values }) => isUnread(net.row.get(name), values));
  if (unread !== undefined) return conflict(`the new primary cannot read the value of ${JSON.stringify(unread.name)}`);
  if (current === undefined) return isNew ? { class: 'missing' } : conflict('deleted on the new primary');
  const isEqual = net.unknown.length === 0 && differences(net.row, table, current.values).length === 0;
  if (isEqual) return { class: 'identical' };
  if (isNew) return conflict('the key belongs to another row on the new primary');
  return current.isAfterFork ? conflict('changed on the new primary') : { class: 'stale' };
}

/** Whether it is a value that the old primary has added to an enum. */
const isUnread = (value: string | null | undefined, values: readonly string[] | null): boolean =>
  values !== null && typeof value === 'string' && !values.includes(value);

const conflict = (why: string): Verdict => ({ class: 'conflict', why });

/** The columns that a statement can set and that have another value. Pure. */
export function differences(
  row: ReadonlyMap<string, string | null>,
  { columns }: Table,
  from: ReadonlyMap<string, string | null>,
): readonly string[] {
  return columns
    .filter(({ name, isGenerated }) => !isGenerated && row.has(name) && row.get(name) !== from.get(name))
    .map(({ name }) => name);
}
