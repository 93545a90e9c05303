import type { XidSet } from '../servers/xid.ts';
import type { ChangedDatabases } from './changed-databases.ts';
import type { CommittedByStatus } from './committed.ts';
import type { WalCommits } from './wal-commits.ts';

/** Three counts of the lost transactions, made in different ways, and what explains their differences. */
export interface Completeness {
  /** Nothing that was committed and flushed on the old primary after the fork is missing in the list. */
  readonly isComplete: boolean;
  /** Why not, one sentence each. */
  readonly reasons: readonly string[];
  readonly decoded: number;
  /** By `pg_xact_status`. Undefined: the first transaction after the fork is not known. */
  readonly byStatus: number | undefined;
  /** By the commits of the WAL. Undefined: pg_walinspect is not there. */
  readonly inWal: number | undefined;
  readonly emptyTransactions: number;
  readonly subtransactions: number | undefined;
  readonly preparedCommits: number | undefined;
  /** Commits that are decoded nowhere, and why this is well: they are of another database, or wrote nothing that the WAL has. */
  readonly decodedNowhere: number;
  readonly listed: boolean;
}

export interface Counts {
  readonly decoded: XidSet;
  readonly emptyTransactions: number;
  readonly status: CommittedByStatus | undefined;
  readonly wal: WalCommits | undefined;
  /** Whose rows the commits of the WAL changed that were decoded nowhere. Undefined: not known. */
  readonly changed: ChangedDatabases | undefined;
  /** Whether the old primary was quiet while it was read. */
  readonly isQuiet: boolean;
  /** Whether `--max-bytes` left something out. */
  readonly isCut: boolean;
}

/** Commits that no decoded transaction explains. */
interface Nowhere {
  readonly count: number;
  /** The transactions that only the transaction status shows, and not the WAL. */
  readonly byStatusOnly: number;
}

/** Pure. The memory does not grow with the number of transactions. */
function decodedNowhere({ decoded, status, wal }: Pick<Counts, 'decoded' | 'status' | 'wal'>): Nowhere {
  let [count, byStatusOnly] = [0, 0];
  for (const xid of wal?.commits ?? []) if (!decoded.has(xid)) count += 1;
  for (const xid of status?.lost ?? []) {
    if (decoded.has(xid) || wal?.commits.has(xid) === true || wal?.subtransactions.has(xid) === true) continue;
    byStatusOnly += 1;
    count += 1;
  }
  // A doubtful one without a commit in the WAL after the fork was committed before: both servers have it.
  if (wal === undefined) for (const xid of status?.doubtful ?? []) if (!decoded.has(xid)) count += 1;
  return { count, byStatusOnly };
}

/** Compares the counts. Pure. */
export function judgeCompleteness(counts: Counts): Completeness {
  const { decoded, status, wal } = counts;
  const nowhere = decodedNowhere(counts);
  // One that was prepared before the fork may be committed on both. Only the WAL tells it from one before the fork.
  const isExplained = (xid: bigint): boolean => wal?.prepared.has(xid) === true;
  const notLost =
    status === undefined
      ? 0
      : countMissing(decoded, (xid) => status.lost.has(xid) || status.doubtful.has(xid) || isExplained(xid));
  const notInWal = wal === undefined ? 0 : countMissing(decoded, (xid) => wal.commits.has(xid));
  const statusOnly = wal === undefined ? 0 : nowhere.byStatusOnly;
  const reasons = [
    !counts.isQuiet && 'The old primary took writes while it was read: fence it, and salvage again.',
    counts.isCut && 'Transactions were left out because of --max-bytes.',
    status === undefined &&
      'Nothing bounds the first transaction after the fork (--run or --first-xid): the status of transactions was not compared, and each row may have been written after the fork.',
    notLost > 0 &&
      `${notLost} decoded transactions are committed on both servers by their status: the fork is wrong, or they were prepared before it (pg_walinspect in this database of the old primary tells which: CREATE EXTENSION pg_walinspect).`,
    notInWal > 0 && `${notInWal} decoded transactions have no commit in the WAL after the fork.`,
    statusOnly > 0 &&
      `${statusOnly} transactions are committed by their status, and neither decoded nor in the WAL after the fork.`,
    wal === undefined &&
      nowhere.count > 0 &&
      `${nowhere.count} transactions are committed by their status and were not decoded: subtransactions, transactions of another database, or lost writes. pg_walinspect in this database of the old primary tells which (CREATE EXTENSION pg_walinspect).`,
    wal !== undefined &&
      counts.changed === undefined &&
      `${nowhere.count} commits of the WAL were not decoded, and what they changed could not be read.`,
    counts.changed !== undefined &&
      counts.changed.here > 0 &&
      `${counts.changed.here} commits of the WAL changed rows of this database and were not decoded.`,
    counts.changed !== undefined &&
      counts.changed.elsewhere > 0 &&
      `${counts.changed.elsewhere} commits of the WAL changed rows of other databases (${counts.changed.names.join(', ')}): salvage each of them. Only --discard-tail allows the rebuild then.`,
  ].filter((reason) => reason !== false);
  return {
    isComplete: reasons.length === 0,
    reasons,
    decoded: decoded.size,
    byStatus: status?.lost.size,
    inWal: wal?.commits.size,
    emptyTransactions: counts.emptyTransactions,
    subtransactions: wal?.subtransactions.size,
    preparedCommits: wal?.prepared.size,
    decodedNowhere: nowhere.count,
    listed: !counts.isCut,
  };
}

function countMissing(xids: XidSet, isThere: (xid: bigint) => boolean): number {
  let count = 0;
  for (const xid of xids) if (!isThere(xid)) count += 1;
  return count;
}
