import type { Collected, KeyedChange } from '../collect.ts';
import type { Field, TableName } from '../decode/change.ts';
import type { LostChange, Repeat } from '../items.ts';
import { isLedger } from '../ledger/ledger-table.ts';
import type { Sorted } from '../spool/sorted.ts';
import type { Sorter } from '../spool/sorter.ts';
import { idOf, type Table, type TableOf } from '../tables/table.ts';
import { isListed, isTruncated, type RowVerdict } from './classify-rows.ts';
import { mayBreak } from './may-break.ts';
import type { Moves } from './moves.ts';
import { rowIdOf } from './row-change.ts';
import type { RowClass } from './row-class.ts';
import { differences, type Verdict } from './verdict.ts';

const REPEATED: readonly RowClass[] = ['missing', 'stale', 'would-delete'];

interface Row {
  readonly id: string;
  readonly found: RowVerdict;
  readonly verdict: Verdict;
  readonly table: Table | undefined;
  /** What the row is on the new primary after the statements so far. */
  state: ReadonlyMap<string, string | null>;
  /** The guard of the next statement. Undefined: the row was written by a statement of the same file. */
  xmin: string | undefined;
  /** The key was free at the fork: its first lost change has made the row, and no TRUNCATE has emptied the table before. */
  readonly wasFree: boolean;
}

/** Counts each row once, when its changes begin. */
export type CountRow = (table: TableName, rowClass: RowClass) => void;

/** Adds every change with its class to the items of `collected`, in the order of the commits. */
export async function listChanges(
  collected: Collected,
  verdicts: Sorter<RowVerdict>,
  tableOf: TableOf,
  count: CountRow,
): Promise<void> {
  const { byRow, items, moves, truncatedAt } = collected;
  const found = (await verdicts.sorted())[Symbol.asyncIterator]();
  let row: Row | undefined;
  for await (const { value: change } of await byRow.sorted()) {
    if (!isListed(collected, change)) continue;
    const id = rowIdOf(change);
    if (row?.id !== id) {
      const wasFree = change.operation === 'INSERT' && !truncatedAt.has(idOf(change.table));
      row = begin(id, await nextOf(found, id), await tableOf(change.table), moves, wasFree);
      count(change.table, row.verdict.class);
    }
    const isGone = isTruncated(collected, change);
    const place = change.half === undefined ? '' : change.half === 'left' ? '.0' : '.1';
    await items.add(`${change.at}${place}`, itemOf(change, row, isGone, moves));
  }
}

async function nextOf(verdicts: AsyncIterator<Sorted<RowVerdict>>, id: string): Promise<RowVerdict> {
  const next = await verdicts.next();
  if (next.done === true || next.value.key !== id) throw new Error('a row has no verdict');
  return next.value.value;
}

function begin(id: string, found: RowVerdict, table: Table | undefined, moves: Moves, wasFree: boolean): Row {
  return {
    id,
    found,
    verdict: moves.verdictOf(id, found.verdict),
    table,
    state: new Map(found.now ?? []),
    xmin: found.xmin,
    wasFree,
  };
}

function itemOf(change: KeyedChange, row: Row, isGone: boolean, moves: Moves): LostChange {
  const { table, operation, key, after, half, ofLedger } = change;
  const { class: rowClass, why } = isGone ? ({ class: 'truncate' } as Verdict) : row.verdict;
  const isConflict = rowClass === 'conflict';
  const { side } = row.found;
  const isOwn = side === 'after' || (side === 'doubtful' && row.wasFree);
  return {
    type: 'change',
    table,
    ...(ofLedger && { ofLedger }),
    operation,
    class: rowClass,
    why,
    key,
    after: after?.fields,
    unchanged: after?.unchanged ?? [],
    now: isConflict ? row.found.now : undefined,
    half,
    ...(isLedger(change) && { ...(row.wasFree && { wasFree: true }), ...(isOwn && { isOwn: true }) }),
    repeat: isRepeated(row, rowClass, moves) ? repeat(change, row) : undefined,
  };
}

/** A key that a row had for a while is repeated, too: the row goes the same way again. */
const isRepeated = ({ id }: Row, rowClass: RowClass, moves: Moves): boolean =>
  REPEATED.includes(rowClass) || (rowClass === 'already-absent' && moves.isRepeated(id));

/** How the new primary would repeat the change. Moves the state of the row on. */
function repeat({ operation, after, half }: KeyedChange, row: Row): Repeat | undefined {
  const { table, xmin } = row;
  if (table === undefined) return undefined;
  const fields = new Map(after?.fields ?? []);
  const isInsert = operation === 'INSERT';
  const set: readonly Field[] = (
    isInsert
      ? table.columns.filter(({ name, isGenerated }) => !isGenerated && fields.has(name)).map(({ name }) => name)
      : differences(fields, table, row.state)
  ).map((name) => [name, fields.get(name) ?? null]);
  const isOverriding =
    isInsert && table.columns.some(({ name, isAlwaysIdentity }) => isAlwaysIdentity && fields.has(name));
  const state = half === 'left' ? [...row.state] : undefined;
  if (operation === 'DELETE') row.state = new Map();
  else row.state = new Map([...(isInsert ? [] : row.state), ...fields]);
  // An UPDATE that sets nothing is no statement: the next one still finds the version that was compared.
  if (operation !== 'UPDATE' || set.length > 0) row.xmin = undefined;
  const broken = operation === 'DELETE' ? [] : mayBreak(table, isInsert ? undefined : set, row.state);
  return { set, xmin, equals: table.key.map(({ equals }) => equals), isOverriding, state, mayBreak: broken };
}
