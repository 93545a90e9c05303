import type { Emit } from '../records/record.ts';
import { classifyRows, type RowVerdict } from './classify/classify-rows.ts';
import { type CountRow, listChanges } from './classify/list-changes.ts';
import type { Moment } from './classify/look-up.ts';
import { rowIdOf } from './classify/row-change.ts';
import { type Collected, collect } from './collect.ts';
import { readChangedDatabases } from './completeness/changed-databases.ts';
import { type CommittedByStatus, decideDoubtful, readCommitted } from './completeness/committed.ts';
import { type Completeness, judgeCompleteness } from './completeness/completeness.ts';
import { readWalCommits } from './completeness/wal-commits.ts';
import { readSharedPart, readTail, type SharedPart } from './decode/read-tail.ts';
import type { SlotState } from './decode/slot.ts';
import { finish } from './finish.ts';
import type { SalvageOptions } from './options.ts';
import type { OutDirectory } from './output/out-directory.ts';
import { type ClassCounter, createClassCounter, type Summary } from './output/summary.ts';
import { readHighestXid, settleFirstXid } from './servers/boundary.ts';
import { isQuiet, readServerFacts } from './servers/server-facts.ts';
import type { Servers } from './servers/servers.ts';
import type { FirstXid } from './servers/xid.ts';
import { createSorter } from './spool/sorter.ts';
import { createSteps } from './steps.ts';
import { idOf } from './tables/table.ts';

interface BySlot {
  readonly servers: Servers;
  readonly options: SalvageOptions;
  readonly slot: SlotState;
  readonly directory: OutDirectory;
  readonly emit: Emit;
}

/** Lists every change that the slot has kept, compares it with the new primary, and writes the files. */
export async function salvageBySlot({ servers, options, slot, directory, emit }: BySlot): Promise<Summary> {
  const { old, oldFacts, newFacts, fork } = servers;
  const counter = createClassCounter();
  const steps = createSteps(options.old.id, emit);
  const { step } = steps;
  const next = oldFacts.nextXid;
  const shared = await readSharedPart(old, slot.name, fork, next);
  const inWal = await readHighestXid(old, { from: slot.confirmedFlush ?? fork, to: fork }, next);
  const ended = slot.oldestXid === undefined ? undefined : slot.oldestXid - 1n;
  const settled = settleFirstXid(
    { ...options, recorded: servers.recorded },
    {
      shared: [shared.highestXid, inWal, ended],
      checkpoint: servers.checkpoint,
      next: newFacts.nextXid,
    },
  );
  await using collected = await step(
    'decode',
    () => decode(servers, slot.name, shared, counter, options.maxBytes, directory.path),
    ({ transactions, changes }) => `${transactions} transactions with ${changes} changes after the fork ${fork}`,
  );
  const status = await step(
    'transactions',
    () => readStatus(servers, slot, collected, settled),
    (found) => `${found?.lost.size ?? 'an unknown number of'} transactions are committed on the old primary alone`,
  );
  const firstXid: FirstXid = {
    ...settled,
    ...(status && { committedLater: status.committedLater, ...decideDoubtful(status, collected.xids, false) }),
  };
  await step(
    'classify',
    () => classify(servers, collected, firstXid, counter, directory.path),
    () =>
      Object.entries(counter.byClass)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ') || 'no row',
  );
  const completeness = await step(
    'completeness',
    () => prove(servers, collected, status),
    ({ isComplete, reasons }) => (isComplete ? 'the counts agree' : reasons.join(' ')),
  );
  const { items, views } = collected;
  const found = { method: 'slot', slot: slot.name, firstXid, lost: collected, views, counter, completeness } as const;
  return await finish({ servers, options, directory, steps, items, found });
}

/** In one transaction that only reads: the cursor lives in it. */
async function decode(
  { old, tableOfOld, tableOfNew, oldFacts }: Servers,
  slot: string,
  shared: SharedPart,
  counter: ClassCounter,
  maxBytes: number,
  directory: string,
): Promise<Collected> {
  await old.query('BEGIN READ ONLY');
  const events = readTail(old, slot, shared, oldFacts.nextXid);
  const count = countIn(counter);
  const tables = { old: tableOfOld, now: tableOfNew };
  const collected = await collect(events, { directory, maxBytes, tables, count });
  await old.query('COMMIT');
  return collected;
}

async function classify(
  { old, now, tableOfOld, tableOfNew, newFacts }: Servers,
  collected: Collected,
  firstXid: FirstXid,
  counter: ClassCounter,
  directory: string,
): Promise<void> {
  const sides = {
    old: { session: old, tableOf: tableOfOld },
    now: { session: now, tableOf: tableOfNew },
  };
  const { truncatedAt } = collected;
  let staying: ReadonlySet<string> = new Set();
  for (;;) {
    await using verdicts = await createSorter<RowVerdict>({ directory });
    // Rows that are written while we read have higher numbers than this one; they count as written after the fork.
    const moment: Moment = {
      firstXid,
      nextXid: newFacts.nextXid,
      stays: (table, key) =>
        truncatedAt.has(idOf(table)) || staying.has(rowIdOf({ table, key: key.map((value) => ['', value]) })),
    };
    const found = await classifyRows(collected, verdicts, { ...sides, moment });
    // A row that stays keeps its unique values: another row may need one of them, and then stays away, too.
    if (found.size > staying.size) {
      staying = found;
      continue;
    }
    await listChanges(collected, verdicts, tableOfNew, countIn(counter));
    return;
  }
}

const countIn =
  (counter: ClassCounter): CountRow =>
  ({ schema, name }, rowClass) =>
    counter.add(`${schema}.${name}`, rowClass);

/** Undefined: nothing bounds the first transaction after the fork. */
async function readStatus(
  { old, now, oldFacts, newFacts }: Servers,
  { oldestXid }: SlotState,
  { xids }: Collected,
  firstXid: FirstXid,
): Promise<CommittedByStatus | undefined> {
  if (firstXid.low === 0n) return undefined;
  const [earliest] = xids;
  // Below it every transaction, of any database, had ended before the fork.
  const oldestOpen = earliest !== undefined && oldestXid !== undefined && earliest < oldestXid ? earliest : oldestXid;
  return await readCommitted(old, now, firstXid, { old: oldFacts.nextXid, now: newFacts.nextXid }, oldestOpen);
}

async function prove(
  { old, oldFacts, fork }: Servers,
  collected: Collected,
  status: CommittedByStatus | undefined,
): Promise<Completeness> {
  const { xids } = collected;
  const next = oldFacts.nextXid;
  const wal = await readWalCommits(old, fork, next, xids);
  const changed = wal && (await readChangedDatabases(old, fork, next, oldFacts.databaseOid, wal.unexplained));
  return judgeCompleteness({
    decoded: xids,
    emptyTransactions: collected.emptyTransactions,
    status,
    wal,
    changed,
    isQuiet: isQuiet(oldFacts, await readServerFacts(old)),
    isCut: collected.cutAt !== undefined,
  });
}
