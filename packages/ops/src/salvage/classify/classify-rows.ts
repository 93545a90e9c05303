import type { Collected, KeyedChange } from '../collect.ts';
import type { Field, TableName } from '../decode/change.ts';
import { transactionOf } from '../items.ts';
import type { Session } from '../servers/session.ts';
import type { Sorted, Sorter } from '../spool/sorter.ts';
import { idOf, type Table } from '../tables/table.ts';
import { classifyPage, type NetRow } from './classify-page.ts';
import type { Moment } from './look-up.ts';
import { addToNet, type Net } from './net.ts';
import { rowIdOf } from './row-change.ts';
import type { Verdict } from './verdict.ts';

/** What was found for a row. In the order of the rows in `byRow`. */
export interface RowVerdict {
  readonly verdict: Verdict;
  readonly xmin: string | undefined;
  /** The row as the new primary has it. */
  readonly now: readonly Field[] | undefined;
}

/** So many keys are asked for in one query, unless their rows are large. */
const PAGE_ROWS = 1_000;
const PAGE_LENGTH = 8_000_000;

interface Pending extends NetRow {
  readonly id: string;
  readonly table: TableName;
}

export interface ClassifyOptions {
  readonly session: Session;
  readonly moment: Moment;
  tableOf(name: TableName): Promise<Table | undefined>;
}

/** Whether the change is of the listed part, and no later TRUNCATE has removed what it wrote. */
export const isListed = ({ cutAt }: Collected, { at }: KeyedChange): boolean =>
  cutAt === undefined || transactionOf(at) < cutAt;
export const isTruncated = ({ truncatedAt }: Collected, { at, table }: KeyedChange): boolean =>
  at < (truncatedAt.get(idOf(table)) ?? '');

/** Compares the outcome of each row with the new primary, and adds what it finds to `verdicts` by the row. */
export async function classifyRows(
  collected: Collected,
  verdicts: Sorter<RowVerdict>,
  { session, moment, tableOf }: ClassifyOptions,
): Promise<void> {
  let page: Pending[] = [];
  let length = 0;

  const flush = async (): Promise<void> => {
    const [first] = page;
    if (first === undefined) return;
    const classified = await classifyPage(session, await tableOf(first.table), page, moment);
    for (const [at, { verdict, current }] of classified.entries()) {
      const { id, net } = page[at] as Pending;
      collected.moves.judge(id, verdict, net);
      await verdicts.add(id, { verdict, xmin: current?.xmin, now: current && [...current.values] });
    }
    page = [];
    length = 0;
  };

  for await (const { id, table, key, net } of netRows(await collected.byRow.sorted(), collected)) {
    if (net === undefined) {
      await verdicts.add(id, { verdict: { class: 'truncate' }, xmin: undefined, now: undefined });
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
