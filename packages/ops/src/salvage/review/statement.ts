import type { Field, TableName } from '../decode/change.ts';
import type { LostChange, Repeat } from '../items.ts';
import { quoteName, quoteTable, quoteValue } from '../sql-text.ts';

/** With its schema: a search path may have another operator of this name before it, made by the app. */
const EQUALS = 'OPERATOR(pg_catalog.=)';

/** A row that was written by a statement of the same file. */
const OWN_XMIN = 'pg_current_xact_id()::xid';

/** What would repeat a lost change on the new primary. Pure. Undefined: nothing would. */
export function statementOf({ table, operation, key, repeat }: LostChange): string | undefined {
  if (repeat === undefined) return undefined;
  if (operation === 'INSERT') return insert(table, repeat);
  if (operation === 'DELETE') return `DELETE FROM ONLY ${quoteTable(table)} WHERE ${where(key, repeat)};`;
  return update(table, repeat.set, key, repeat);
}

/** The columns whose values stand in the statement. `from`: the row that an UPDATE of the key left. */
export function columnsOf({ operation, key, repeat }: LostChange, from?: LostChange): readonly string[] {
  const own = operation === 'INSERT' || from !== undefined ? [] : key;
  return [...(from?.key ?? []), ...own, ...(repeat?.set ?? [])].map(([column]) => column);
}

/** An UPDATE of the key, from its two halves. Undefined: it is not to be repeated. */
export function moveStatementOf(left: LostChange, arrived: LostChange): string | undefined {
  if (left.repeat === undefined || arrived.repeat === undefined) return undefined;
  const before = new Map(left.repeat.state);
  const set = arrived.repeat.set.filter(([name, value]) => before.get(name) !== value);
  return update(left.table, set, left.key, left.repeat);
}

function insert(table: TableName, { set, isOverriding }: Repeat): string {
  const name = quoteTable(table);
  if (set.length === 0) return `INSERT INTO ${name} DEFAULT VALUES;`;
  const columns = set.map(([column]) => quoteName(column)).join(', ');
  const values = set.map(([, value]) => quoteValue(value)).join(', ');
  return `INSERT INTO ${name} (${columns})${isOverriding ? ' OVERRIDING SYSTEM VALUE' : ''} VALUES (${values});`;
}

/** Undefined: it changes nothing. */
function update(table: TableName, set: readonly Field[], key: readonly Field[], repeat: Repeat): string | undefined {
  if (set.length === 0) return undefined;
  const assigned = set.map(([name, value]) => `${quoteName(name)} = ${quoteValue(value)}`).join(', ');
  return `UPDATE ONLY ${quoteTable(table)} SET ${assigned} WHERE ${where(key, repeat)};`;
}

/** Only the row that was compared: a row that was written since has another `xmin`. */
function where(key: readonly Field[], { xmin, equals }: Repeat): string {
  const parts = key.map(([name, value], at) => `${quoteName(name)} ${equals[at]} ${quoteValue(value)}`);
  return [...parts, `xmin ${EQUALS} ${xmin === undefined ? OWN_XMIN : quoteValue(xmin)}`].join(' AND ');
}
