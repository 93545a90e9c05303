import type { Collected, KeyedChange } from '../collect.ts';
import type { Field, TableName } from '../decode/change.ts';
import { transactionOf } from '../items.ts';
import type { Session } from '../servers/session.ts';
import type { Sorted } from '../spool/sorted.ts';
import type { Sorter } from '../spool/sorter.ts';
import { idOf, type TableOf } from '../tables/table.ts';
import { classifyPage, type NetRow } from './classify-page.ts';
import { isOtherTable, OTHER_TABLE } from './is-other-table.ts';
import { type Found, lookUp, type Moment } from './look-up.ts';
import { addToNet, type Net } from './net.ts';
import { rowIdOf } from './row-change.ts';
import type { CurrentRow, Verdict } from './verdict.ts';

/** What was found for a row. In the order of the rows in `byRow`. */
export interface RowVerdict {
  readonly verdict: Verdict;
  readonly xmin: string | undefined;
  /** The row as the new primary has it. */
  readonly now: readonly Field[] | undefined;
  /** When that was written. */
  readonly side?: CurrentRow['side'];
}

const TRUNCATED: Verdict = { class: 'truncate' };

/** So many keys are asked for in one query, unless their rows are large. */
const PAGE_ROWS = 1_000;
const PAGE_LENGTH = 8_000_000;

interface Pending extends NetRow {
  readonly id: string;
  readonly table: TableName;
}

/** A server, and its tables. */
export interface Side {
  readonly session: Session;
  readonly tableOf: TableOf;
}

export interface ClassifyOptions {
  readonly old: Side;
  readonly now: Side;
  readonly moment: Moment;
}

/** Whether the change is of the listed part, and no later TRUNCATE has removed what it wrote. */
export const isListed = ({ cutAt }: Collected, { at }: KeyedChange): boolean =>
  cutAt === undefined || transactionOf(at) < cutAt;
export const isTruncated = ({ truncatedAt }: Collected, { at, table }: KeyedChange): boolean =>
  at < (truncatedAt.get(idOf(table)) ?? '');

/**
 * Compares the outcome of each row with the new primary, and adds what it finds to `verdicts` by the row. Returns the rows
 * from before the fork that stay as they are, in tables with unique values: they hold values that others may need.
 */
export async function classifyRows(
  collected: Collected,
  verdicts: Sorter<RowVerdict>,
  { old, now, moment }: ClassifyOptions,
): Promise<ReadonlySet<string>> {
  const { moves } = collected;
  const staying = new Set<string>();
  const moved = new Map<string, Verdict>();
  moves.forget();
  let page: Pending[] = [];
  let length = 0;

  const flush = async (): Promise<void> => {
    const [first] = page;
    if (first === undefined) return;
    const rows = await bringValues(page, collected, old, moment);
    const table = await now.tableOf(first.table);
    const isOther = isOtherTable(await old.tableOf(first.table), table, moment);
    const hasUniques = (table?.uniques.length ?? 0) > 0;
    const classified = isOther
      ? rows.map(() => ({ verdict: OTHER_TABLE, current: undefined }))
      : await classifyPage(now.session, table, rows, moment);
    for (const [at, { verdict, current }] of classified.entries()) {
      const { id, net } = page[at] as Pending;
      moves.judge(id, verdict, net);
      if (current?.isAfterFork === false && hasUniques) {
        if (verdict.class === 'conflict') staying.add(id);
        else if (moves.has(id)) moved.set(id, verdict);
      }
      await verdicts.add(id, {
        verdict,
        xmin: current?.xmin,
        now: current && [...current.values],
        side: current?.side,
      });
    }
    page = [];
    length = 0;
  };

  for await (const { id, table, key, net } of netRows(await collected.byRow.sorted(), collected)) {
    if (net === undefined) {
      moves.judge(id, TRUNCATED, undefined);
      await verdicts.add(id, { verdict: TRUNCATED, xmin: undefined, now: undefined });
      continue;
    }
    const [first] = page;
    if (
      first !== undefined &&
      (idOf(first.table) !== idOf(table) || page.length >= PAGE_ROWS || length > PAGE_LENGTH)
    ) {
      await flush();
    }
    page.push({ id, table, key, net });
    for (const [name, value] of net.row) length += name.length + (value?.length ?? 0);
  }
  await flush();
  for (const [id, verdict] of moved) if (moves.verdictOf(id, verdict).class === 'conflict') staying.add(id);
  return staying;
}

interface RowOutcome {
  readonly id: string;
  readonly table: TableName;
  readonly key: readonly Field[];
  /** Undefined: all of its changes were truncated. */
  readonly net: Net | undefined;
}

/** The outcome of each row. Its changes stand together. */
async function* netRows(changes: AsyncIterable<Sorted<KeyedChange>>, collected: Collected): AsyncGenerator<RowOutcome> {
  let open: RowOutcome | undefined;
  for await (const { value: change } of changes) {
    if (!isListed(collected, change)) continue;
    const id = rowIdOf(change);
    if (open !== undefined && open.id !== id) {
      yield open;
      open = undefined;
    }
    const net = isTruncated(collected, change) ? undefined : addToNet(open?.net, change);
    open = { id, table: change.table, key: change.key, net: net ?? open?.net };
  }
  if (open !== undefined) yield open;
}

/**
 * Reads large values that the WAL does not have from the old primary: it has the row as its last change has left it. Not
 * if the list is cut: then the row was changed later.
 */
async function bringValues(
  page: readonly Pending[],
  { cutAt }: Collected,
  { session, tableOf }: Side,
  moment: Moment,
): Promise<readonly Pending[]> {
  const wanted = page.filter(({ net }) => net.unknown.length > 0);
  const [first] = wanted;
  const table = first === undefined || cutAt !== undefined ? undefined : await tableOf(first.table);
  if (table === undefined) return page;
  const keys = wanted.map(({ key }) => key.map(([, value]) => value));
  const found = await lookUp(session, table, keys, moment);
  const filled = new Map(wanted.map((row, at) => [row.id, fill(row.net, found[at] ?? [])]));
  return page.map((row) => ({ ...row, net: filled.get(row.id) ?? row.net }));
}

function fill(net: Net, found: Found): Net {
  const [row] = found === 'unreadable' ? [] : found;
  if (row === undefined) return net;
  const values = net.unknown.map((column): [string, string | null] => [column, row.values.get(column) ?? null]);
  return { ...net, row: new Map([...net.row, ...values]), unknown: [] };
}
