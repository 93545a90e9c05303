import type { Emit } from '../records/record.ts';
import { type ClassifiedRow, classifyPage } from './classify/classify-page.ts';
import { isOtherTable, OTHER_TABLE } from './classify/is-other-table.ts';
import { mayBreak } from './classify/may-break.ts';
import { addToNet } from './classify/net.ts';
import type { RowClass } from './classify/row-class.ts';
import { differences, type Verdict } from './classify/verdict.ts';
import { decideDoubtful, readCommitted } from './completeness/committed.ts';
import type { Completeness } from './completeness/completeness.ts';
import { readWalCommits } from './completeness/wal-commits.ts';
import { type Field, fieldOf } from './decode/change.ts';
import { finish } from './finish.ts';
import { changeKey, type Item, type LostChange, transactionKey } from './items.ts';
import { isLedger } from './ledger/ledger-table.ts';
import type { SalvageOptions } from './options.ts';
import type { OutDirectory } from './output/out-directory.ts';
import { createClassCounter, type Summary } from './output/summary.ts';
import { deletedKeys } from './rows/deleted-rows.ts';
import { tablesOf } from './rows/tables-of.ts';
import { type WrittenRow, writtenRows } from './rows/written-rows.ts';
import { isQuiet, readServerFacts } from './servers/server-facts.ts';
import type { Servers } from './servers/servers.ts';
import { type FirstXid, XidSet } from './servers/xid.ts';
import { createSorter, type Sorter } from './spool/sorter.ts';
import { createSteps } from './steps.ts';
import type { Table } from './tables/table.ts';

interface ByRows {
  readonly servers: Servers;
  readonly options: SalvageOptions;
  readonly firstXid: FirstXid;
  /** Why there is no slot to read. */
  readonly why: string;
  readonly directory: OutDirectory;
  readonly emit: Emit;
}

/**
 * Lists what the lost transactions have left on the old primary: rows by the transaction that wrote them, and keys that
 * only the new primary has. Without the WAL, what they wrote in between is not to be seen.
 */
export async function salvageByRows({ servers, options, why, directory, emit, ...given }: ByRows): Promise<Summary> {
  const { old, oldFacts } = servers;
  const steps = createSteps(options.old.id, emit);
  const { step } = steps;
  await using items = await createSorter<Item>({ directory: directory.path });
  const counter = createClassCounter();
  const status = await step(
    'transactions',
    () => readLost(servers, given.firstXid),
    ({ lost }) => `${lost.size} transactions are committed on the old primary alone`,
  );
  const firstXid = { ...given.firstXid, ...status.sides };
  for (const xid of status.lost) {
    const lost = { xid: xid.toString(), commitLsn: undefined, committedAt: undefined, changes: undefined };
    await items.add(transactionKey(Number(xid)), { type: 'transaction', ...lost });
  }
  const listed = await step(
    'compare',
    () => compareTables(servers, status.lost, firstXid, items, (table, rowClass) => counter.add(table, rowClass)),
    (rows) => `${rows} rows were written or deleted by them`,
  );
  const quiet = isQuiet(oldFacts, await readServerFacts(old));
  const found = {
    method: 'rows',
    slot: undefined,
    firstXid,
    lost: { transactions: status.lost.size, changes: listed, firstCommit: undefined, lastCommit: undefined },
    views: undefined,
    counter,
    completeness: completenessOf(status, why, quiet),
  } as const;
  return await finish({ servers, options, directory, steps, items, found });
}

interface Lost {
  readonly lost: XidSet;
  readonly sides: Required<Pick<FirstXid, 'committedLater' | 'shared' | 'doubtful'>>;
  /** Commits of the WAL after the fork. Undefined: pg_walinspect is not there. */
  readonly inWal: number | undefined;
}

/** By the status of transactions, and by the WAL if it can be read: a transaction may have been open long before the fork. */
async function readLost({ old, now, oldFacts, newFacts, fork }: Servers, firstXid: FirstXid): Promise<Lost> {
  const next = { old: oldFacts.nextXid, now: newFacts.nextXid };
  const { lost, doubtful, committedLater } = await readCommitted(old, now, firstXid, next, undefined);
  const wal = await readWalCommits(old, fork, next.old, new XidSet());
  // A doubtful one without a commit in the WAL after the fork was committed before: both servers have it.
  const since = {
    has: (xid: bigint): boolean => wal?.commits.has(xid) === true || wal?.subtransactions.has(xid) === true,
  };
  const sides = { committedLater, ...decideDoubtful({ doubtful }, since, wal !== undefined) };
  for (const xid of wal?.unexplained ?? []) lost.add(xid);
  return { lost, sides, inWal: wal?.commits.size };
}

/** Pure. That nothing was lost can be proved without a slot, by the WAL; that a list is complete cannot. */
function completenessOf({ lost, sides: { doubtful }, inWal }: Lost, why: string, quiet: boolean): Completeness {
  const reasons = [
    !quiet && 'The old primary took writes while it was read: fence it, and salvage again.',
    lost.size > 0 &&
      `Without a slot (${why}) only what is left of the lost writes was seen: no intermediate states, no order and time of commits, no rows that were deleted on both sides, and no deletes of rows that the new primary has changed or that have no key.`,
    doubtful.size > 0 &&
      `${doubtful.size} transaction numbers may be of a lost transaction, or of one that both servers have (--run, --first-xid).`,
    inWal === undefined &&
      'Transactions that began long before the fork and were committed after it were not looked for: only pg_walinspect in this database of the old primary shows them (CREATE EXTENSION pg_walinspect).',
  ].filter((reason) => reason !== false);
  return {
    isComplete: reasons.length === 0,
    reasons,
    decoded: 0,
    byStatus: lost.size,
    inWal,
    emptyTransactions: 0,
    subtransactions: undefined,
    preparedCommits: undefined,
    decodedNowhere: 0,
    listed: true,
  };
}

/** Returns how many rows were found. */
async function compareTables(
  { old, now, tableOfOld, tableOfNew, oldFacts, newFacts }: Servers,
  lost: XidSet,
  firstXid: FirstXid,
  items: Sorter<Item>,
  count: (table: string, rowClass: RowClass) => void,
): Promise<number> {
  if (lost.size === 0) return 0;
  const moment = { firstXid, nextXid: newFacts.nextXid };
  let found = 0;
  let hasDeletes = false;
  const add = async (transaction: number, item: LostChange): Promise<void> => {
    await items.add(changeKey(transaction, found), item);
    count(`${item.table.schema}.${item.table.name}`, item.class);
    found += 1;
  };
  for (const name of await tablesOf(old)) {
    const [mine, theirs] = [await tableOfOld(name), await tableOfNew(name)];
    if (mine === undefined) continue;
    const isOther = isOtherTable(mine, theirs, moment);
    for await (const rows of writtenRows(old, mine, lost, oldFacts.nextXid)) {
      const judged = await judgeRows(rows, mine, theirs, async (page) =>
        isOther
          ? page.map(() => ({ verdict: OTHER_TABLE, current: undefined }))
          : classifyPage(now, theirs, page, moment),
      );
      for (const [at, { xid }] of rows.entries()) await add(Number(xid), judged[at] as LostChange);
    }
    if (mine.key.length === 0 || theirs === undefined || isOther || namesOf(mine) !== namesOf(theirs)) continue;
    for await (const keys of deletedKeys(old, now, theirs, firstXid)) {
      const page = keys.map((key) => ({ key: keyOf(theirs, key), net: addToNet(undefined, DELETED) }));
      const classified = await classifyPage(now, theirs, page, moment);
      const unknown = { xid: 'not known', commitLsn: undefined, committedAt: undefined, changes: undefined };
      if (!hasDeletes) await items.add(transactionKey(LAST), { type: 'transaction', ...unknown });
      hasDeletes = true;
      for (const [at, { key }] of page.entries())
        await add(LAST, deletion(theirs, key, classified[at] as ClassifiedRow));
    }
  }
  return found;
}

const DELETED = { operation: 'DELETE', after: undefined, half: undefined } as const;
/** Nothing says which transaction has deleted a row: these come last. */
const LAST = 9_999_999_999_999;

const ofLedger = (...tables: readonly (Table | undefined)[]): boolean =>
  tables.some((table) => table !== undefined && isLedger({ table: table.root ?? table }));
const namesOf = ({ key }: Table): string => JSON.stringify(key.map(({ name }) => name));
const equalsOf = ({ key }: Table): readonly string[] => key.map(({ equals }) => equals);
const keyOf = ({ key }: Table, values: readonly (string | null)[]): readonly Field[] =>
  key.map(({ name }, at) => [name, values[at] ?? null]);

type Classify = (page: Parameters<typeof classifyPage>[2]) => ReturnType<typeof classifyPage>;

async function judgeRows(
  rows: readonly WrittenRow[],
  mine: Table,
  theirs: Table | undefined,
  classify: Classify,
): Promise<readonly LostChange[]> {
  const keyOfRow = ({ fields }: WrittenRow): readonly Field[] =>
    mine.key.map(({ name }) => [name, fieldOf(fields, name)]);
  const page = rows.map((row) => ({
    key: keyOfRow(row),
    // Whether the row is older than the fork is not known: it is judged as an UPDATE, and as an INSERT if it is absent.
    net: addToNet(undefined, { operation: 'UPDATE', after: { fields: row.fields, unchanged: [] }, half: undefined }),
  }));
  const classified = mine.key.length === 0 ? [] : await classify(page);
  return rows.map((row, at) => {
    const { verdict, current } = classified[at] ?? { verdict: { class: 'no-key' } as Verdict, current: undefined };
    const isAbsent = verdict.class === 'conflict' && verdict.why === 'deleted on the new primary';
    const rowClass = isAbsent ? 'missing' : verdict.class;
    const why = isAbsent ? 'or deleted on the new primary since the fork' : verdict.why;
    const isWritten = theirs !== undefined && (rowClass === 'missing' || rowClass === 'stale');
    return {
      type: 'change',
      table: { schema: mine.schema, name: mine.name },
      ...(ofLedger(mine, theirs) && { ofLedger: true as const }),
      operation: rowClass === 'stale' ? 'UPDATE' : 'INSERT',
      class: rowClass,
      why,
      key: keyOfRow(row),
      after: row.fields,
      unchanged: [],
      now: rowClass === 'conflict' && current !== undefined ? [...current.values] : undefined,
      half: undefined,
      ...(current?.side === 'after' && { isOwn: true as const }),
      repeat: isWritten ? repeatOf(row, theirs, current) : undefined,
    };
  });
}

function repeatOf({ fields }: WrittenRow, table: Table, current: ClassifiedRow['current']): LostChange['repeat'] {
  const values = new Map(fields);
  const names = differences(values, table, current?.values ?? new Map());
  const isOverriding = current === undefined && table.columns.some(({ isAlwaysIdentity }) => isAlwaysIdentity);
  const set = names.map((name): Field => [name, values.get(name) ?? null]);
  return {
    set,
    xmin: current?.xmin,
    equals: equalsOf(table),
    isOverriding,
    state: undefined,
    mayBreak: mayBreak(table, current === undefined ? undefined : set, values),
  };
}

function deletion(table: Table, key: readonly Field[], { verdict, current }: ClassifiedRow): LostChange {
  return {
    type: 'change',
    table: { schema: table.schema, name: table.name },
    ...(ofLedger(table) && { ofLedger: true as const }),
    operation: 'DELETE',
    class: verdict.class,
    why: verdict.why,
    key,
    after: undefined,
    unchanged: [],
    now: verdict.class === 'conflict' && current !== undefined ? [...current.values] : undefined,
    half: undefined,
    repeat:
      verdict.class === 'would-delete'
        ? { set: [], xmin: current?.xmin, equals: equalsOf(table), isOverriding: false, state: undefined }
        : undefined,
  };
}
