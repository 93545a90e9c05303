import type { Session } from '../servers/session.ts';
import { inspectWal, readByPages } from '../servers/walinspect.ts';
import { fullXid, XidSet } from '../servers/xid.ts';

/** What pg_walinspect shows of the WAL after the fork. */
export interface WalCommits {
  readonly commits: XidSet;
  /** The subtransactions of these transactions. Each has its own status, and is decoded with its transaction. */
  readonly subtransactions: XidSet;
  readonly prepared: XidSet;
  /** The commits that were not decoded, and their subtransactions: a row that was written under a savepoint has their number. */
  readonly unexplained: XidSet;
}

/** Reads the commits of the WAL. Undefined: the server does not show them. */
export function readWalCommits(
  session: Session,
  fork: string,
  next: bigint,
  decoded: XidSet,
): Promise<WalCommits | undefined> {
  return inspectWal(session, async (schema) => {
    const commits = new XidSet();
    const subtransactions = new XidSet();
    const prepared = new XidSet();
    const unexplained = new XidSet();
    // The fork is checked before: it is two hexadecimal numbers.
    const records = readByPages(
      session,
      `SELECT xid::text, record_type, description
       FROM ${schema}.pg_get_wal_records_info('${fork}'::pg_lsn, pg_current_wal_flush_lsn())
       WHERE resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%'`,
    );
    for await (const [xid, type, description] of records) {
      const record = parseCommit(xid ?? '0', type ?? '', description ?? '');
      const full = fullXid(record.xid, next);
      const children = record.subtransactions.map((one) => fullXid(one, next));
      commits.add(full);
      if (record.isPrepared) prepared.add(full);
      for (const one of children) subtransactions.add(one);
      if (!decoded.has(full)) for (const one of [full, ...children]) unexplained.add(one);
    }
    return { commits, subtransactions, prepared, unexplained };
  });
}

interface CommitRecord {
  readonly xid: string;
  readonly isPrepared: boolean;
  readonly subtransactions: readonly string[];
}

/** The record of COMMIT PREPARED is not of the transaction itself: its description begins with the number. Pure. */
export function parseCommit(xid: string, type: string, description: string): CommitRecord {
  const isPrepared = type === 'COMMIT_PREPARED';
  const named = isPrepared ? /^(\d+):/.exec(description)?.[1] : undefined;
  const subtransactions = /subxacts:((?: \d+)+)/.exec(description)?.[1]?.trim().split(' ') ?? [];
  return { xid: named ?? xid, isPrepared, subtransactions };
}
