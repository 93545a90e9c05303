import type { Session } from '../servers/session.ts';
import { walInspectSchema } from '../servers/walinspect.ts';
import { fullXid, XidSet } from '../servers/xid.ts';

/** What pg_walinspect shows of the WAL behind the fork. */
export interface WalCommits {
  readonly commits: XidSet;
  /** The subtransactions of these transactions. Each has its own status, and is decoded with its transaction. */
  readonly subtransactions: XidSet;
  readonly prepared: XidSet;
  /** The commits that were not decoded, and their subtransactions: a row that was written under a savepoint has their number. */
  readonly unexplained: XidSet;
}

/** So many records are in memory at once. */
const PAGE = 5_000;

/** Reads the commits of the WAL, in a transaction of its own. Undefined: the server does not show them. */
export async function readWalCommits(
  session: Session,
  fork: string,
  next: bigint,
  decoded: XidSet,
): Promise<WalCommits | undefined> {
  const schema = await walInspectSchema(session);
  if (schema === undefined) return undefined;
  const commits = new XidSet();
  const subtransactions = new XidSet();
  const prepared = new XidSet();
  const unexplained = new XidSet();
  await session.query('BEGIN READ ONLY');
  try {
    // A cursor takes no parameter. The fork is checked before: it is two hexadecimal numbers.
    await session.query(`DECLARE regionkit_wal NO SCROLL CURSOR FOR SELECT xid::text, record_type, description
      FROM ${schema}.pg_get_wal_records_info('${fork}'::pg_lsn, pg_current_wal_flush_lsn())
      WHERE resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%'`);
    for (;;) {
      const page = await session.lists(`FETCH FORWARD ${PAGE} FROM regionkit_wal`);
      for (const [xid, type, description] of page) {
        const record = parseCommit(xid ?? '0', type ?? '', description ?? '');
        const full = fullXid(record.xid, next);
        const children = record.subtransactions.map((one) => fullXid(one, next));
        commits.add(full);
        if (record.isPrepared) prepared.add(full);
        for (const one of children) subtransactions.add(one);
        if (!decoded.has(full)) for (const one of [full, ...children]) unexplained.add(one);
      }
      if (page.length < PAGE) break;
    }
    return { commits, subtransactions, prepared, unexplained };
  } catch (error) {
    if ((error as { code?: unknown }).code === undefined) throw error;
    return undefined;
  } finally {
    await session.query('ROLLBACK').catch(() => {});
  }
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
