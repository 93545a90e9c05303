import { createCrossings } from './classify/crossings.ts';
import { type BothTables, type IdentifiedRows, identifyRows } from './classify/identify-rows.ts';
import { createMoves, type Moves } from './classify/moves.ts';
import { type RowChange, rowIdOf } from './classify/row-change.ts';
import type { TableName } from './decode/change.ts';
import type { TailEvent } from './decode/read-tail.ts';
import { changeKey, type Item, type LostChange, transactionKey } from './items.ts';
import { XidSet } from './servers/xid.ts';
import { createSorter, type Sorter } from './spool/sorter.ts';
import { idOf } from './tables/table.ts';

/** A change of a row, with its place in the order of the commits. */
export interface KeyedChange extends RowChange {
  readonly at: string;
  /** Its table is the one of the ledger, or a partition of it. */
  readonly ofLedger?: true;
}

/** The lost transactions, read from the slot and kept in temporary files. */
export interface Collected extends AsyncDisposable {
  readonly transactions: number;
  /** Those of materialized views are not counted. */
  readonly changes: number;
  readonly emptyTransactions: number;
  readonly xids: XidSet;
  /** Changes by the row that they touch, each row's in their order. */
  readonly byRow: Sorter<KeyedChange>;
  /** What needs no comparison, in the order of the commits. The rest is added when it was classified. */
  readonly items: Sorter<Item>;
  readonly moves: Moves;
  /** By the table: the place of the last TRUNCATE. */
  readonly truncatedAt: ReadonlyMap<string, string>;
  /** Materialized views that were refreshed, by their names. */
  readonly views: ReadonlySet<string>;
  /** Transactions from this one on are counted, and not listed: they would need more than `maxBytes`. */
  readonly cutAt: number | undefined;
  readonly firstCommit: string | undefined;
  readonly lastCommit: string | undefined;
}

export interface CollectOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly tables: BothTables;
  /** Called for each change that no key identifies. */
  count(table: TableName, rowClass: 'no-key'): void;
}

/** Reads the tail to its end. */
export async function collect(
  events: AsyncIterable<TailEvent>,
  { directory, maxBytes, tables, count }: CollectOptions,
): Promise<Collected> {
  const byRow = await createSorter<KeyedChange>({ directory });
  const items = await createSorter<Item>({ directory });
  await using crossings = await createCrossings(directory);
  const moves = createMoves();
  const truncatedAt = new Map<string, string>();
  const views = new Set<string>();
  const xids = new XidSet();
  let [transactions, changes, emptyTransactions, bytes] = [0, 0, 0, 0];
  let ofViews = 0;
  let cutAt: number | undefined;
  let [firstCommit, lastCommit]: (string | undefined)[] = [];

  const addChange = async (
    { transaction, place, line }: Extract<TailEvent, { kind: 'change' }>,
    { rows, tree, ofLedger }: IdentifiedRows,
  ): Promise<void> => {
    const at = changeKey(transaction, place);
    if (line.kind === 'message') return items.add(at, { type: 'message', prefix: line.prefix, bytes: line.bytes });
    if (line.kind === 'truncate') {
      for (const table of line.tables) truncatedAt.set(idOf(table), at);
      return items.add(at, { type: 'truncate', tables: line.tables, flags: line.flags });
    }
    const [first, second] = rows;
    const { table, operation } = line;
    if (tree !== undefined && operation !== 'UPDATE') {
      await crossings.add({ table, operation, row: first }, tree, transaction, at);
    }
    if (first === undefined) {
      count(table, 'no-key');
      return items.add(at, { ...withoutKey(line), ...(ofLedger && { ofLedger }) });
    }
    if (second !== undefined) moves.add(rowIdOf(first), rowIdOf(second));
    for (const row of rows) await byRow.add(`${rowIdOf(row)} ${at}`, { ...row, at, ...(ofLedger && { ofLedger }) });
  };

  for await (const event of events) {
    if (event.kind === 'change') {
      const { line } = event;
      const rows = line.kind === 'change' ? await identifyRows(line, tables) : NO_ROWS;
      if (rows === 'view') {
        ofViews += 1;
        if (line.kind === 'change') views.add(`${line.table.schema}.${line.table.name}`);
        continue;
      }
      changes += 1;
      bytes += sizeOf(event);
      if (bytes > maxBytes) cutAt ??= event.transaction;
      if (cutAt === undefined) await addChange(event, rows);
      continue;
    }
    const { transaction, xid, commitLsn, committedAt } = event;
    const held = event.changes - ofViews;
    ofViews = 0;
    transactions += 1;
    if (held === 0) emptyTransactions += 1;
    xids.add(xid);
    firstCommit ??= committedAt;
    lastCommit = committedAt;
    if (cutAt !== undefined) continue;
    bytes += TRANSACTION_BYTES;
    if (bytes > maxBytes) cutAt = transaction + 1;
    await items.add(transactionKey(transaction), {
      type: 'transaction',
      xid: xid.toString(),
      commitLsn,
      committedAt,
      changes: held,
    });
  }
  await crossings.tell(moves);
  return {
    ...{ transactions, changes, emptyTransactions, xids, byRow, items, moves, truncatedAt, views },
    ...{ cutAt, firstCommit, lastCommit },
    async [Symbol.asyncDispose]() {
      await byRow[Symbol.asyncDispose]();
      await items[Symbol.asyncDispose]();
    },
  };
}

const NO_ROWS: IdentifiedRows = { rows: [], tree: undefined, ofLedger: undefined };
const TRANSACTION_BYTES = 200;
const CHANGE_BYTES = 200;

/** About so much is written for it. */
function sizeOf({ line }: Extract<TailEvent, { kind: 'change' }>): number {
  if (line.kind !== 'change') return CHANGE_BYTES;
  const fields = [...(line.before?.fields ?? []), ...(line.after?.fields ?? [])];
  return fields.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 4) + 6, CHANGE_BYTES);
}

function withoutKey({
  table,
  operation,
  before,
  after,
}: Extract<Extract<TailEvent, { kind: 'change' }>['line'], { kind: 'change' }>): LostChange {
  return {
    type: 'change',
    table,
    operation,
    class: 'no-key',
    why: undefined,
    key: before?.fields ?? [],
    after: after?.fields,
    unchanged: after?.unchanged ?? [],
    now: undefined,
    half: undefined,
    repeat: undefined,
  };
}
