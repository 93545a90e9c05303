import type { Session } from '../servers/session.ts';
import { type FirstXid, XidSet } from '../servers/xid.ts';

/** Transactions that the status of transactions (`pg_xact_status`) shows as lost. */
export interface CommittedByStatus {
  /** Committed on the old primary, and not in the history of the new one. */
  readonly lost: XidSet;
  /** Between the lowest and the highest first transaction: committed on both, perhaps as two different ones. */
  readonly doubtful: XidSet;
  /** Below the first transaction, and committed on the new primary alone: it was prepared before the fork, and committed after it. */
  readonly committedLater: XidSet;
  readonly from: bigint;
  readonly to: bigint;
}

/** Without a better bound, transactions that began so many numbers before the fork, and were committed after it, are looked for. */
const BEFORE = 10_000n;
const WINDOW = 100_000n;
/** Smaller numbers are not those of ordinary transactions. */
const FIRST_NORMAL = 3n;

/** Asks both servers. `pg_xact_status` needs no right, and knows transactions of every database, and subtransactions. */
export async function readCommitted(
  old: Session,
  now: Session,
  { low, high }: FirstXid,
  next: { readonly old: bigint; readonly now: bigint },
  /** Each transaction that was open at the fork has this number or a higher one. Undefined: not known. */
  oldestOpen: bigint | undefined,
): Promise<CommittedByStatus> {
  const lost = new XidSet();
  const doubtful = new XidSet();
  const committedLater = new XidSet();
  const below = low > BEFORE + FIRST_NORMAL ? low - BEFORE : FIRST_NORMAL;
  const from = oldestOpen ?? below;
  for (let start = from; start < next.old; start += WINDOW) {
    const end = min(start + WINDOW, next.old);
    const here = setOf(await committedIn(old, start, end));
    const there = setOf(await committedIn(now, start, min(end, high, next.now)));
    for (const xid of here) {
      if (xid >= high || !there.has(xid)) lost.add(xid);
      else if (xid >= low) doubtful.add(xid);
    }
    for (const xid of there) if (xid < low && !here.has(xid)) committedLater.add(xid);
  }
  return { lost, doubtful, committedLater, from, to: next.old };
}

/**
 * Whose the doubtful numbers are. One that the old primary has committed after the fork is of the new primary, too: both have given it
 * away.
 *
 * @param since what the old primary has committed after the fork
 * @param isWhole whether nothing is missing in `since`: then the others were committed before the fork
 */
export function decideDoubtful(
  { doubtful }: Pick<CommittedByStatus, 'doubtful'>,
  since: Pick<XidSet, 'has'>,
  isWhole: boolean,
): Required<Pick<FirstXid, 'shared' | 'doubtful'>> {
  const rest = new XidSet();
  for (const xid of doubtful) if (!since.has(xid)) rest.add(xid);
  return isWhole ? { shared: rest, doubtful: new XidSet() } : { shared: new XidSet(), doubtful: rest };
}

async function committedIn(session: Session, start: bigint, end: bigint): Promise<readonly bigint[]> {
  if (end <= start) return [];
  const rows = await session.lists(
    `SELECT x FROM generate_series($1::bigint, $2::bigint - 1) AS x WHERE pg_xact_status(x::text::xid8) = 'committed'`,
    [start.toString(), end.toString()],
  );
  return rows.map(([xid]) => BigInt(xid ?? 0));
}

function setOf(xids: readonly bigint[]): XidSet {
  const set = new XidSet();
  for (const xid of xids) set.add(xid);
  return set;
}

function min(first: bigint, ...others: readonly bigint[]): bigint {
  let lowest = first;
  for (const one of others) if (one < lowest) lowest = one;
  return lowest;
}
